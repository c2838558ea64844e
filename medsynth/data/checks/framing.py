"""What the model's geometry does to the pictures: cropped foreground, enlargement, sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from medsynth.data.examine import PairFacts
from medsynth.data.geometry import plan_geometry
from medsynth.data.problems import Problem, problem
from medsynth.data.records import DataIndex

LOST_SHARE = 0.01
"""A pair that loses less of its foreground to the crop is not worth a warning."""


def framing_problems(
    index: DataIndex, facts: Sequence[PairFacts], pixels: Sequence[Mapping[int, int]]
) -> list[Problem]:
    """Return what fitting each pair into `index.size_hw` costs."""
    sizes = Counter(fact.hw for fact in facts)
    shown = [f"{w}x{h} ({n})" for (h, w), n in sizes.most_common()]
    out = problem("sizes", "note", f"images are of {len(sizes)} sizes",
                  shown if len(sizes) > 1 else [])  # fmt: skip
    lost = []
    for fact, mask in zip(facts, pixels, strict=True):
        labelled = sum(n for class_id, n in mask.items() if class_id > 0)
        cropped = fact.mask.cropped_px if fact.mask else 0
        if labelled and cropped > LOST_SHARE * labelled:
            lost.append((min(1.0, cropped / labelled), fact.pair.key))
    lost.sort(reverse=True)
    out += problem(
        "cropped-foreground",
        "warning",
        "data.fit=crop cuts away more than 1 % of the foreground of some pairs",
        [f"{key} ({100 * share:.0f} %)" for share, key in lost],
        "Keep all of it with --set data.fit=letterbox, or choose data.size=[height,width] "
        "with the images' aspect ratio.",
    )
    return out + _scaled(index, facts)


def _scaled(index: DataIndex, facts: Sequence[PairFacts]) -> list[Problem]:
    enlarged, stretched = [], []
    for fact in facts:
        plan = plan_geometry(fact.hw, index.size_hw, index.fit)
        scale_h = plan.target_box[2] / plan.source_box[2]
        scale_w = plan.target_box[3] / plan.source_box[3]
        if max(scale_h, scale_w) > 1.5:
            enlarged.append(f"{fact.pair.key} ({fact.hw[1]}x{fact.hw[0]})")
        if index.fit == "stretch" and not 0.9 < scale_h / scale_w < 1.1:
            stretched.append(f"{fact.pair.key} ({fact.hw[1]}x{fact.hw[0]})")
    return [
        *problem("enlarged", "note", "some images are much smaller than data.size and are enlarged",
                 enlarged, "A smaller data.size loses nothing."),
        *problem("stretched", "warning", "data.fit=stretch changes the shape of some images",
                 stretched, "Keep it with data.fit=crop or letterbox."),
    ]  # fmt: skip
