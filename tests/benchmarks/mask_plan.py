"""How fast, small, believable and diverse is a mask plan?

    python tests/benchmarks/mask_plan.py ../shared/data/cvc_clinicdb --n 400
    python tests/benchmarks/mask_plan.py ../shared/data/cvc_clinicdb --held-out val

The default policy at 384x384, plausibility and novelty on, one core. DATA's masks of train are
the sources; those of the held-out splits (val and test unless said otherwise) are only compared
with. Printed as one JSON object:

masks_per_s         accepted masks a second of processor time; draws_per_mask that they took
draw_ms, judge_ms   making a draw with the operators; judging it (features, rules, novelty)
relaxed             share of masks taken in spite of a flaw
bytes_a_mask        what the plan keeps of each of --many masks in its arrays: measured on
                    signatures alone, without drawing the masks; it grows in blocks, so a million
                    is computed from the rows' sizes, not run
look_up_ms          one novelty look-up among --many
inside              share of masks within the 1st to 99th percentile box of the held-out masks:
                    of the training masks, of the new ones, of flip, scale and shift
coverage, density   of the held-out masks (Naeem et al. 2020), at equal N
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from pathlib import Path

import numpy as np

from medsynth.data.index import build_index
from medsynth.data.options import DataOptions
from medsynth.masks.diversity import diversity_of
from medsynth.masks.options import MaskOptions
from medsynth.masks.plan import Planner
from medsynth.masks.planned_masks import PlannedMasks
from medsynth.masks.signature import Signature
from medsynth.workflows.masks.diversity import features, plain_policy
from medsynth.workflows.source_masks import SourceMasks


class TimedPlanner(Planner):
    """A planner that knows how long it drew."""

    draw_s = 0.0
    draws = 0

    def _draw(self, *item):
        started = time.process_time()
        drawn = super()._draw(*item)
        self.draw_s += time.process_time() - started
        self.draws += 1
        return drawn


def speed(sources, n: int, options: MaskOptions) -> tuple[dict[str, float], np.ndarray]:
    planner = TimedPlanner(sources, options, 0)
    next(planner.until(1))  # warm
    planner.draw_s, planner.draws = 0.0, 0
    started = time.process_time()
    planned = list(planner.until(n + 1))
    elapsed = time.process_time() - started
    return {
        "masks_per_s": n / elapsed,
        "draws_per_mask": planner.draws / n,
        "draw_ms": 1000 * planner.draw_s / planner.draws,
        "judge_ms": 1000 * (elapsed - planner.draw_s) / planner.draws,
        "relaxed": sum(each.entry.flaw is not None for each in planned) / n,
    }, np.stack([each.features for each in planned])


def memory(many: int) -> dict[str, float]:
    """Return bytes a mask with one class and with several, from made-up signatures."""
    rng = np.random.default_rng(0)
    found = {}
    for name, single in (("one_class", True), ("several", False)):
        planned = PlannedMasks(single)
        for k in range(many):
            planned.add_hash(hashlib.sha256(b"%d" % k).hexdigest())
            planned.add_signature(made_up(rng, single))
        started = time.process_time()
        for _ in range(50):
            planned.greatest_iou(made_up(rng, single))
        found[f"look_up_ms_{name}"] = 20 * (time.process_time() - started)
        found[f"bytes_a_mask_{name}"] = planned.nbytes / many
        found[f"bytes_a_mask_{name}_of_a_million"] = at_most(10**6, 7 if single else 14)
    return found


def made_up(rng: np.random.Generator, single: bool) -> Signature:
    cells = rng.integers(0, 2 if single else 4, (21, 21)).astype(np.uint8)
    area, gyration, elongation = rng.normal(9, 0.8), rng.normal(4.1, 0.4), rng.random()
    return Signature(cells, float(area), float(gyration), float(elongation))


def at_most(n: int, words: int, block: int = 4096) -> float:
    """Return the bytes a mask of n: rows in whole blocks, two tables of slots, two of links."""
    rows = -(-n // block) * block
    slots = 1 << (n - 1).bit_length()
    return (rows * (8 * words + 16 + 2 * 8) + 2 * 4 * slots) / n


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--many", type=int, default=20_000)
    parser.add_argument("--held-out", choices=["val", "test", "both"], default="both")
    arguments = parser.parse_args()
    index = build_index(arguments.data, DataOptions(size=arguments.size), 0)
    sources = SourceMasks(index)
    splits = ("val", "test") if arguments.held_out == "both" else (arguments.held_out,)
    held_out = [mask for split in splits for mask in SourceMasks(index, split).values()]
    figures, new = speed(sources, arguments.n, MaskOptions())
    plain_planner = Planner(sources, plain_policy(), 0)
    plain = np.stack([each.features for each in plain_planner.until(arguments.n)])
    profile = plain_planner.acceptance.profile
    real = features(profile, held_out)
    low, high = np.nanquantile(real, [0.01, 0.99], axis=0)
    for name, found in (("training", profile.values), ("new", new), ("plain", plain)):
        inside = ((found >= low) & (found <= high)) | np.isnan(found)
        diversity = diversity_of(profile.in_space(found), profile.in_space(real))
        figures[f"inside_{name}"] = inside.all(1).mean()
        figures[f"coverage_{name}"] = diversity.coverage
        figures[f"density_{name}"] = diversity.density
    figures |= memory(arguments.many) | {"training": len(sources), "held_out": len(held_out)}
    print(json.dumps({k: round(float(v), 4) for k, v in figures.items()}, indent=1))


if __name__ == "__main__":
    main()
