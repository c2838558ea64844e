"""The mask plan: deterministic, extendable, balanced, without doubles."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.core.errors import InputError, UsageError
from medsynth.core.options import parse_options
from medsynth.core.types import Mask
from medsynth.masks.acceptance import count_redraws
from medsynth.masks.fingerprint import mask_sha256
from medsynth.masks.flaws import CLASS_LOST, DUPLICATE, VANISHED
from medsynth.masks.options import MaskOptions
from medsynth.masks.plan import extend_plan, plan_length
from medsynth.masks.plan_entry import PlanEntry
from medsynth.masks.render import render

DEFAULT = MaskOptions()
EMPTY = Mask(np.zeros((48, 64), np.uint8))


def plan(n, sources, options=DEFAULT, seed=3, entries=()):
    return list(extend_plan(entries, n, sources, options, seed))


LENIENT = {"plausibility": "off", "max_iou_with_real": 1, "max_iou_within": 1}


def only(op: str, **options: object) -> MaskOptions:
    return MaskOptions.model_validate({"policy": [{"op": op, "options": options}], **LENIENT})


def test_extending_leaves_the_beginning(sources) -> None:
    whole = plan(40, sources)
    first = plan(17, sources)
    assert first == whole[:17]
    assert plan(40, sources, entries=iter(first)) == whole[17:]
    assert plan(10, sources, entries=first) == []


def test_order_of_the_sources_does_not_matter(sources) -> None:
    assert plan(20, dict(reversed(sources.items()))) == plan(20, sources)


def test_another_seed_another_plan(sources) -> None:
    assert plan(5, sources, seed=4) != plan(5, sources)


def test_every_source_is_used_equally_in_a_shuffled_order(sources) -> None:
    entries = plan(21, sources)
    rounds = [[entry.source for entry in entries[k : k + 7]] for k in (0, 7, 14)]
    assert all(sorted(each) == sorted(sources) for each in rounds)
    assert rounds[0] != rounds[1]


def test_render_gives_the_planned_masks_and_no_two_alike(sources) -> None:
    entries = plan(60, sources, MaskOptions(**LENIENT))
    taken = {mask_sha256(mask) for mask in sources.values()}
    for entry in entries:
        again = PlanEntry.from_json(json.loads(json.dumps(entry.to_json())))
        assert again == entry
        mask = render(again, sources)
        assert mask_sha256(mask) == entry.mask_sha256
        assert entry.mask_sha256 not in taken
        taken.add(entry.mask_sha256)
    assert any(len(entry.source_ids()) > 1 for entry in entries)
    assert all(entry.source_ids()[0] == entry.source for entry in entries)


def test_exact_doubles_are_drawn_again_then_taken_with_their_flaw(sources) -> None:
    """Flips alone give four masks a source, one of them the source: three are new."""
    entries = plan(35, sources, only("flip"))
    flawed = [entry for entry in entries if entry.flaw]
    assert {entry.flaw for entry in flawed} == {DUPLICATE}
    assert all(len(entry.redrawn) == DEFAULT.max_redraws + 1 for entry in flawed)
    clean = [entry.mask_sha256 for entry in entries if not entry.flaw]
    assert len(set(clean)) == len(clean)
    assert count_redraws(entries)[DUPLICATE] > 0


def test_vanished_foreground_is_drawn_again(sources) -> None:
    options = only("affine", max_shift_fraction=1, outside="background")
    entries = plan(30, sources, options)
    assert count_redraws(entries)[VANISHED] > 0
    for entry in entries:
        if entry.flaw is None:
            before = np.count_nonzero(sources[entry.source].labels)
            after = np.count_nonzero(render(entry, sources).labels)
            assert after >= options.min_foreground_fraction_of_source * before


def test_a_lost_class_is_drawn_again() -> None:
    labels = np.zeros((30, 30), np.uint8)
    labels[10:20, 10:20] = 1
    labels[15, 28:] = 2
    options = only("affine", max_shift_fraction=0.3, outside="background")
    entries = plan(20, {"a": Mask(labels)}, options)
    assert count_redraws(entries)[CLASS_LOST] > 0
    assert all(2 in render(each, {"a": Mask(labels)}).labels for each in entries if not each.flaw)


@pytest.mark.parametrize("size", [(1, 1), (8, 8)])
def test_a_full_mask_never_loops_for_ever(size) -> None:
    full = {"full": Mask(np.ones(size, np.uint8))}
    entries = plan(3, full, MaskOptions(max_redraws=2, **LENIENT))
    assert [entry.flaw for entry in entries] == [DUPLICATE] * 3
    assert all(render(entry, full).same_as(full["full"]) for entry in entries)


def test_negatives_keep_their_share_or_are_dropped(sources) -> None:
    mixed = sources | {"none": EMPTY}
    entries = plan(16, mixed)
    empty = [entry for entry in entries if not render(entry, mixed).labels.any()]
    assert Counter(entry.source for entry in empty) == {"none": 2}
    assert all(entry.flaw is None and entry.steps == () for entry in empty)
    dropped = plan(16, mixed, MaskOptions(negatives="drop"))
    assert "none" not in {entry.source for entry in dropped}


@pytest.mark.parametrize("found", [{}, {"none": EMPTY}])
def test_nothing_to_plan_from(found) -> None:
    with pytest.raises(InputError, match="no source mask to plan from"):
        extend_plan([], 3, found, MaskOptions(negatives="drop"), 0)


def test_a_gap_in_the_plan_is_found(sources) -> None:
    first = plan(3, sources)
    with pytest.raises(InputError, match="entry 2 where 1 should be"):
        extend_plan([first[0], first[2]], 5, sources, DEFAULT, 3)


def test_a_changed_source_does_not_match(sources) -> None:
    entry = plan(1, sources)[0]
    other = dict(sources)
    other[entry.source] = Mask(np.ones_like(sources[entry.source].labels))
    with pytest.raises(InputError, match="the plan does not match") as caught:
        render(replace(entry, steps=()), other)
    assert entry.source in (caught.value.tip or "")
    del other[entry.source]
    with pytest.raises(InputError, match="not among the source masks"):
        render(entry, other)


def test_reserve() -> None:
    assert plan_length(100, MaskOptions(reserve_fraction=0.25)) == 125
    assert plan_length(1, MaskOptions(reserve_fraction=0.25)) == 2
    assert plan_length(7, MaskOptions(reserve_fraction=0)) == 7


@given(seed=st.integers(0, 2**40), cut=st.integers(0, 6))
@settings(max_examples=15, deadline=None)
def test_any_cut_extends_to_the_same_plan(seed, cut) -> None:
    rng = np.random.default_rng(seed)
    found = {str(k): Mask(rng.integers(0, 3, (5, 6)).astype(np.uint8)) for k in range(3)}
    whole = plan(6, found, seed=seed)
    assert whole == whole[:cut] + plan(6, found, seed=seed, entries=whole[:cut])


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"max_redraw": 3}, "did you mean 'max_redraws'"),
        ({"negatives": "many"}, "negatives"),
        ({"min_foreground_fraction_of_source": -1}, "min_foreground_fraction_of_source"),
    ],
)
def test_wrong_options_are_named(values, says) -> None:
    with pytest.raises(UsageError, match=says):
        parse_options(MaskOptions, values, "recipe x")


def test_options_are_resolved_and_survive_a_dump() -> None:
    assert DEFAULT.policy[-3].options["max_rotation_deg"] > 0
    assert MaskOptions.model_validate(DEFAULT.model_dump(mode="json")) == DEFAULT


@pytest.mark.parametrize("value", [{}, {"index": 0}, {"index": "x"}])
def test_what_is_no_entry_is_refused(value) -> None:
    with pytest.raises(InputError, match="not an entry of a mask plan"):
        PlanEntry.from_json(value)


def test_masks_need_no_torch() -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['torch'] = sys.modules['albumentations'] = None\n"
        "from medsynth.masks.options import MaskOptions; MaskOptions()\n"
        "import medsynth.masks.plan, medsynth.masks.render, medsynth.store.samples\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


WBC = Path(__file__).parents[3] / "shared" / "data" / "wbc" / "masks"


@pytest.mark.skipif(not WBC.is_dir(), reason=f"real data is absent: {WBC}")
def test_real_nuclei_stay_inside_their_cells() -> None:
    """Classes 1 (cytoplasm) and 2 (nucleus): they stay nested."""
    from medsynth.io.images import read_png

    found = {path.stem: Mask(read_png(path)) for path in sorted(WBC.glob("*.png"))[:20]}
    real = max(bare(mask) for mask in found.values())
    entries = plan(40, found)
    assert all(entry.flaw is None for entry in entries)
    assert max(bare(render(entry, found)) for entry in entries) <= real + 0.1


def bare(mask: Mask) -> float:
    """Share of nucleus pixels that lie next to background."""
    from scipy.ndimage import binary_dilation

    nucleus = mask.labels == 2
    return np.count_nonzero(nucleus & binary_dilation(mask.labels == 0)) / max(1, nucleus.sum())
