"""What doctor looks for: found where it is, silent where it is not."""

from collections import Counter

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from medsynth.core.types import LabelClass, Mask, Sample
from medsynth.data.captions import wrapped
from medsynth.data.checks.balance import balance_problems, class_shares, count_problems
from medsynth.data.checks.fingerprint import fingerprint
from medsynth.data.checks.grouping import chains, group_problems, suggest_regex
from medsynth.data.checks.held_out import enough_fractions, held_out_problems
from medsynth.data.checks.likeness import abutting, equal_files, near_duplicates
from medsynth.data.contact_sheet import PALETTE, contact_sheet, outlines, overlay
from medsynth.data.options import DataOptions
from medsynth.data.raster import Raster
from medsynth.data.records import Item

from .conftest import picture


def print_of(pixels):
    return fingerprint(Raster(pixels, (), lossy=False))


def scene(seed, hw=(160, 240)):
    """Return a picture with detail at every place, like tissue."""
    fine = gaussian_filter(np.random.default_rng(seed).normal(size=hw), 5)
    return np.clip(fine / fine.std() * 45 + 128, 0, 255).astype(np.uint8)


def test_near_duplicates_are_found_and_others_not():
    frames = [picture(i, (96, 128)) for i in range(6)]
    again = np.clip(frames[2].astype(int) * 0.9 + 11, 0, 255).astype(np.uint8)
    shifted = frames[4][:, 1:]
    flat = [np.full((96, 128, 3), 20, np.uint8)] * 2
    prints = [print_of(f) for f in [*frames, again, shifted, *flat]]
    assert near_duplicates(prints) == [(2, 6), (4, 7)]
    assert near_duplicates([]) == []


def test_tiles_of_one_scene_abut_and_those_of_others_do_not():
    tiles = []
    for seed in range(4):
        whole = scene(seed)
        tiles += [whole[:80, :120], whole[:80, 120:], whole[80:, :120], whole[80:, 120:]]
    wanted = {(4 * s + a, 4 * s + b) for s in range(4) for a, b in ((0, 1), (2, 3), (0, 2), (1, 3))}
    found = set(abutting([print_of(t) for t in tiles]))
    assert found <= wanted
    assert len(found) >= 14


def test_dark_borders_and_tiny_pictures_abut_nothing():
    dark = np.zeros((64, 64), np.uint8)
    dark[20:40, 20:40] = 200
    assert abutting([print_of(dark)] * 4) == []
    assert abutting([print_of(scene(0)[:9, :9]), print_of(scene(0)[:9, 9:18])]) == []
    assert print_of(np.zeros((1, 1), np.uint8)).step == 0


def test_equal_files_pair_with_the_first():
    assert equal_files(["a", "b", "a", "a"]) == [(0, 2), (0, 3)]


@pytest.mark.parametrize(
    ("keys", "groups"),
    [
        ([f"p{k // 3:02}_{k}" for k in range(12)], 4),
        ([f"study/patient{k // 4}_slice{k}" for k in range(12)], 3),
        ([f"ward{k // 6}/x{k}" for k in range(12)], 2),
        ([f"liver-a-{k}" if k % 2 else f"liver-b-{k}" for k in range(12)], 2),
        ([f"p{k // 4}/visit{k // 2}/slice{k}" for k in range(12)], 3),
        ([f"{'train' if k < 8 else 'test'}/{k}" for k in range(12)], None),
        ([f"{'train' if k < 8 else 'Test'}/p{k // 4}_{k}" for k in range(12)], 3),
        ([f"{'train' if k < 8 else 'val'}/p{k // 4}/v{k // 2}/{k}" for k in range(12)], 3),
        ([f"frame_{k}" for k in range(12)], None),
        ([f"{k:04}" for k in range(12)], None),
        ([f"{k:02}_x" for k in range(12)], None),
    ],
)
def test_regex_for_groups(keys, groups):
    found = suggest_regex(keys)
    assert (len(found[1]) if found else None) == groups


def test_a_patient_in_two_split_folders_is_one_group():
    keys = [f"{'train' if k % 2 else 'test'}/p{k // 4}/{k}" for k in range(12)]
    assert suggest_regex(keys)[1] == {"p0": 4, "p1": 4, "p2": 4}


def test_the_top_folder_is_offered_first_and_the_one_below_after_it():
    keys = [f"p{k // 4}/visit{k // 2}/slice{k}" for k in range(12)]
    (hint,) = group_problems(keys, [], groups_known=False)
    assert "look like 3 patients" in hint.what
    first, second = "data.groups='^([^/]+)/'", "if they are the 6 folders below: --set"
    assert -1 < hint.tip.index(first) < hint.tip.index(second)
    (hint,) = group_problems([f"p{k // 4}/{k}" for k in range(12)], [], groups_known=False)
    assert "below" not in hint.tip


def test_chains_connect():
    assert chains([(0, 2), (2, 5), (3, 4)], 7) == [[0, 2, 5], [3, 4]]


def test_groups_are_hinted_at_only_where_unknown():
    keys = [f"p{k // 3:02}_{k}" for k in range(12)]
    hints = group_problems(keys, [(0, 1), (1, 2)], groups_known=False)
    assert [h.code for h in hints] == ["groups-in-names", "groups-in-images"]
    assert "data.groups=" in hints[0].tip
    assert group_problems(keys, [(0, 1)], groups_known=True) == []


def test_balance():
    classes = [LabelClass(0, "background"), LabelClass(1, "organ"), LabelClass(2, "lesion")]
    pixels = [{0: 900, 1: 100}] * 39 + [{0: 990, 1: 8, 2: 2}]
    splits = ["train"] * 30 + ["val"] * 5 + ["test"] * 5
    shares = class_shares(classes, pixels)
    assert [(s.name, s.pairs) for s in shares] == [
        ("background", 40),
        ("organ", 40),
        ("lesion", 1),
    ]
    assert sum(s.pixel_share for s in shares) == pytest.approx(1)
    found = {p.code: p for p in balance_problems(classes, pixels, splits)}
    assert set(found) == {"rare-class", "small-class", "class-not-in-split"}
    assert found["class-not-in-split"].examples == ("lesion in train", "lesion in val")


def test_few_pairs():
    assert [p.code for p in count_problems(49, 30)] == ["few-pairs"]
    assert count_problems(50, 30) == []
    assert count_problems(1, 1) == []


def items(held, groups=1, **attributes):
    """Return items with so many pairs in each split, in groups of so many."""
    splits = [name for name, count in held.items() for _ in range(count)]
    return [
        Item(f"p{k}", "", (), None, f"g{k // groups}", split, "", "", (1, 1), attributes)
        for k, split in enumerate(splits)
    ]


def test_too_few_held_out_pairs_are_told_with_fractions_that_do():
    (found,) = held_out_problems(items({"train": 17, "val": 2, "test": 5}), DataOptions(), seed=0)
    assert (found.code, found.severity, found.count) == ("few-held-out", "warning", 7)
    assert "val has 2 pairs and test 5" in found.what
    assert "evaluate` needs 10 in test and `medsynth prove` needs 4 in each" in found.what
    assert "--set data.fractions=[0.41,0.17,0.42] (10 in train, 4 in val, 10 in test)" in found.tip
    (found,) = held_out_problems(items({"train": 40, "val": 3, "test": 12}), DataOptions(), seed=0)
    assert "evaluate" not in found.what
    assert held_out_problems(items({"train": 35, "val": 5, "test": 10}), DataOptions(), 0) == []


def test_a_given_split_and_too_few_pairs_have_tips_of_their_own():
    given = items({"train": 30, "val": 2, "test": 5}, split="train")
    (found,) = held_out_problems(given, DataOptions(), seed=0)
    assert "--set data.split_file=none --set data.fractions=[" in found.tip
    (found,) = held_out_problems(given, DataOptions(split_file="none"), seed=0)
    assert "split_file" not in found.tip
    (found,) = held_out_problems(items({"train": 14, "val": 2, "test": 5}), DataOptions(), seed=0)
    assert "Collect more: 24 or more" in found.tip
    coarse = items({"train": 17, "val": 2, "test": 5}, groups=12)
    (found,) = held_out_problems(coarse, DataOptions(), seed=0)
    assert "Collect more" in found.tip


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("count", range(30, 50))
def test_offered_fractions_are_enough(size, count):
    found = enough_fractions([f"g{k // size}" for k in range(count)], seed=7)
    if found is None:
        assert size > 1
        return
    shares, held = found
    assert DataOptions(fractions=tuple(shares.values()))
    assert held["train"] >= 10
    assert held["val"] >= 4
    assert held["test"] >= 10


def sample(labels, instances=None):
    image = np.full((*labels.shape, 1), 7, np.uint8)
    return Sample("a", image, Mask(labels, instances), "train", "real", "g")


def test_outlines_tell_classes_and_instances_apart():
    labels = np.zeros((12, 12), np.uint8)
    labels[2:10, 2:10] = 1
    labels[4:8, 4:8] = 2
    lines = outlines(Mask(labels))
    assert lines[4, 4] == 2
    assert lines[2, 2] == 1
    assert lines[3, 5] == 0
    assert Counter(lines[lines > 0].tolist()) == {1: 28, 2: 12}
    ids = np.zeros((12, 12), np.uint16)
    ids[labels > 0] = 1
    ids[:, 6:][labels[:, 6:] > 0] = 2
    one = (labels > 0).astype(np.uint8)
    assert outlines(Mask(one, ids))[5, 5:7].tolist() == [1, 1]
    assert outlines(Mask(one))[5, 5:7].tolist() == [0, 0]
    assert tuple(overlay(sample(labels))[2, 2]) == tuple(PALETTE[0])


def test_contact_sheet_is_a_grid_with_names():
    labels = np.zeros((60, 70), np.uint8)
    named = [(sample(labels), f"pair_{k}") for k in range(7)]
    sheet = contact_sheet(named, columns=3)
    height, width = 2 * 60 + 3 * 13 + 4, 2 * 70  # enlarged, three lines of words below
    assert sheet.shape == (3 * height + 2 * 4, 3 * width + 2 * 4, 3)
    below = sheet[2 * 60 : height, :width]
    assert (below < 128).any()
    assert contact_sheet(named[:1]).shape == (height, width, 3)
    other = contact_sheet([(sample(labels), "pair_1")])[2 * 60 :]
    assert not np.array_equal(below, other)


def test_long_names_go_on_in_the_next_line():
    assert wrapped("abcdefghij k", lambda text: len(text) <= 4, 3) == ["abcd", "efgh", "ij k"]
