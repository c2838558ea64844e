"""Copies are found wherever they lie and however they are flipped, among few and many."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medsynth.core.types import Mask
from medsynth.masks.acceptance import Acceptance
from medsynth.masks.aligned import aligned_iou
from medsynth.masks.chains import Chains
from medsynth.masks.flaws import DUPLICATE, LIKE_PLANNED, LIKE_REAL
from medsynth.masks.moments import foreground_of, moments_of
from medsynth.masks.options import MaskOptions
from medsynth.masks.plan import Planner
from medsynth.masks.planned_masks import PlannedMasks
from medsynth.masks.real_masks import RealMasks, inverse_of
from medsynth.masks.rows import Rows
from medsynth.masks.signature import (
    Signature,
    all_symmetries,
    count_bits,
    packed,
    signature_of,
    sketched_iou,
    symmetric,
)

CELLS = arrays(np.uint8, (21, 21), elements=st.integers(0, 3))
SYMMETRY = st.integers(0, 7)


def blob(seed: int, size: int = 96, classes: int = 1) -> Mask:
    """A wavy blob near the middle, with a smaller one inside for a second class."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] - size / 2
    waves = rng.normal(0, 0.12, 4)
    angle = np.arctan2(y, x)
    edge = (
        rng.uniform(0.14, 0.2)
        * size
        * (1 + sum(w * np.cos((k + 2) * angle + k) for k, w in enumerate(waves)))
    )
    far = np.hypot(y, x)
    labels = (far < edge).astype(np.uint8)
    return Mask(labels + (far < edge / 2).astype(np.uint8) if classes == 2 else labels)


def moved(mask: Mask, symmetry: int, down: int, right: int) -> Mask:
    labels = symmetric(mask.labels, symmetry)
    return Mask(np.ascontiguousarray(np.roll(labels, (down, right), (0, 1))))


def looked(mask: Mask):
    moments = moments_of(foreground_of(mask.labels))
    return moments, signature_of(mask, moments)


@given(CELLS, SYMMETRY)
def test_a_symmetry_is_undone(cells, symmetry) -> None:
    there = symmetric(cells, symmetry)
    np.testing.assert_array_equal(symmetric(there, inverse_of(symmetry)), cells)


@given(CELLS, CELLS)
def test_packed_overlap_is_that_of_the_cells(a, b) -> None:
    expected = ((a == b) & (a > 0)).sum() / max(1, ((a > 0) | (b > 0)).sum())
    assert sketched_iou(packed(a[None]), packed(b[None]))[0, 0] == pytest.approx(expected)
    a, b = np.minimum(a, 1), np.minimum(b, 1)
    expected = (a & b).sum() / max(1, (a | b).sum())
    assert sketched_iou(packed(a[None]), packed(b[None])[:, :7])[0, 0] == pytest.approx(expected)
    assert count_bits(packed(a[None]))[0] == a.sum()


@given(CELLS, st.floats(0, 20, width=32), st.floats(-1, 9, width=32), st.floats(0, 1, width=32))
def test_a_signature_survives_as_text(cells, area, gyration, elongation) -> None:
    head = area, gyration, elongation
    again = Signature.from_text(Signature(cells, *head).to_text())
    np.testing.assert_array_equal(again.cells, cells)
    assert (again.log_area, again.log_gyration, again.elongation) == head


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!"])
def test_what_is_no_signature_is_refused(text) -> None:
    with pytest.raises(ValueError):
        Signature.from_text(text)


@given(st.integers(0, 19), SYMMETRY, st.integers(-12, 12), st.integers(-12, 12))
@settings(max_examples=15, deadline=None)
def test_flipped_and_moved_masks_are_the_same(seed, symmetry, down, right) -> None:
    mask = blob(seed, classes=2)
    other = moved(mask, symmetry, down, right)
    assert aligned_iou(other, mask, symmetry, looked(other)[0], looked(mask)[0]) == 1
    everything = {f"b{k}": blob(k, classes=2) for k in range(20)}
    real = RealMasks(everything, {key: looked(each)[0] for key, each in everything.items()})
    assert real.greatest_iou(other, *looked(other), 0.95) == 1
    assert (
        sketched_iou(
            all_symmetries(looked(other)[1].cells), packed(looked(mask)[1].cells[None])
        ).max()
        > 0.95
    )


def test_the_exact_iou_is_that_of_the_pixels() -> None:
    a, b = Mask(np.zeros((20, 30), np.uint8)), Mask(np.zeros((20, 30), np.uint8))
    a.labels[4:12, 5:15] = 1
    b.labels[8:16, 12:24] = 1
    assert aligned_iou(a, b, 0, looked(a)[0], looked(b)[0]) == pytest.approx(80 / 96)
    b.labels[8:16, 12:18] = 2
    assert aligned_iou(a, b, 0, looked(a)[0], looked(b)[0]) == pytest.approx(40 / 96)


def test_other_shapes_are_no_copies() -> None:
    everything = {f"b{k}": blob(k) for k in range(30)}
    real = RealMasks(everything, {key: looked(each)[0] for key, each in everything.items()})
    assert all(real.greatest_iou(blob(k), *looked(blob(k)), 0.95) < 0.95 for k in range(100, 130))
    nothing = RealMasks({}, {})
    assert nothing.greatest_iou(blob(1), *looked(blob(1)), 0.95) == 0


@pytest.mark.parametrize("single", [True, False])
def test_copies_among_thousands_are_found(single) -> None:
    planned = PlannedMasks(single)
    signatures = [looked(blob(k, classes=1 if single else 2))[1] for k in range(60)]
    rng = np.random.default_rng(0)
    for k in range(3000):
        cells = rng.integers(0, 2, (21, 21)).astype(np.uint8)
        planned.add_signature(Signature(cells, *rng.uniform((4, 2, 0), (9, 4, 1)).tolist()))
        if k % 50 == 0:
            planned.add_signature(signatures[k // 50])
    assert all(planned.greatest_iou(each) == 1 for each in signatures)
    assert planned.greatest_iou(looked(blob(777))[1]) < 1


def test_equal_hashes_are_found_and_repeated_ones_make_no_chain() -> None:
    planned = PlannedMasks(True)
    digests = [hashlib.sha256(bytes([k % 256, k // 256])).hexdigest() for k in range(3000)]
    for digest in digests + [digests[0]] * 3000:
        planned.add_hash(digest)
    assert all(map(planned.has, digests))
    assert not planned.has(hashlib.sha256(b"x").hexdigest())
    before = planned.nbytes
    planned.add_hash(digests[5])
    assert planned.nbytes == before


@pytest.mark.parametrize("single", [True, False])
def test_a_planned_mask_takes_at_most_200_bytes(single) -> None:
    """Just below and above a doubling of the tables, but for a block's unused room."""
    rng = np.random.default_rng(0)
    planned = PlannedMasks(single)
    for k in range(16_384):
        planned.add_hash(hashlib.sha256(b"%d" % k).hexdigest())
        head = rng.uniform((4, 2, 0), (9, 4, 1)).tolist()
        planned.add_signature(Signature(np.ones((21, 21), np.uint8), *head))
    assert planned.nbytes / 16_384 <= 200


@given(st.lists(st.integers(0, 5) | st.integers(0, 2**32 - 1), max_size=40))
def test_chains_give_the_newest_first(keys) -> None:
    chains = Chains()
    for key in keys:
        chains.add(key)
    for key in set(keys):
        assert list(chains.newest(key)) == [k for k in reversed(range(len(keys))) if keys[k] == key]


def test_chains_grow() -> None:
    chains = Chains()
    keys = np.random.default_rng(0).integers(0, 2**32, 5000).tolist()
    for key in keys:
        chains.add(key)
    assert all(
        list(chains.newest(key)) == [k] for k, key in enumerate(keys) if keys.count(key) == 1
    )


@given(st.integers(1, 9), st.integers(0, 40))
def test_rows_come_back(block, count) -> None:
    rows: Rows[np.int32] = Rows(2, np.int32, block)
    for k in range(count):
        rows.append([k, -k])
    assert len(rows) == count
    assert rows.all().tolist() == [[k, -k] for k in range(count)]
    if count:
        assert rows[count - 1].tolist() == [count - 1, 1 - count]


def test_the_reasons_of_copies() -> None:
    sources = {f"b{k}": blob(k) for k in range(5)}
    acceptance = Acceptance(sources, MaskOptions(plausibility="off"))
    copy = moved(sources["b1"], 3, 4, -7)
    assert acceptance.judge(copy, "b1").flaw.reason == LIKE_REAL
    assert acceptance.judge(sources["b1"], "b1").flaw.reason == DUPLICATE
    new = blob(400)
    first = acceptance.judge(new, "b1")
    assert first.flaw is None
    acceptance.novelty.take("ab" * 32, first.signature)
    assert acceptance.judge(moved(new, 5, 1, 1), "b1").flaw.reason == LIKE_PLANNED


def test_flips_alone_do_not_stall() -> None:
    sources = {f"b{k}": blob(k, 48) for k in range(3)}
    options = MaskOptions.model_validate({"policy": [{"op": "flip"}], "max_redraws": 3})
    entries = [each.entry for each in Planner(sources, options, 0).until(40)]
    assert {entry.flaw for entry in entries} <= {LIKE_REAL, DUPLICATE}
    stop = options.model_copy(update={"on_implausible": "stop"})
    assert len(list(Planner(sources, stop, 0).until(5))) == 5, "a copy is believable"
