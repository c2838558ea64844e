"""What doctor looks for: found where it is, silent where it is not."""

from collections import Counter

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from medsynth.core.types import LabelClass, Mask, Sample
from medsynth.data.checks.balance import balance_problems, class_shares, count_problems
from medsynth.data.checks.fingerprint import fingerprint
from medsynth.data.checks.grouping import chains, group_problems, suggest_regex
from medsynth.data.checks.likeness import abutting, equal_files, near_duplicates
from medsynth.data.contact_sheet import PALETTE, contact_sheet, outlines, overlay
from medsynth.data.raster import Raster

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
        ([f"frame_{k}" for k in range(12)], None),
        ([f"{k:04}" for k in range(12)], None),
        ([f"{k:02}_x" for k in range(12)], None),
    ],
)
def test_regex_for_groups(keys, groups):
    found = suggest_regex(keys)
    assert (len(found[1]) if found else None) == groups


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


def test_contact_sheet_is_a_grid():
    labels = np.zeros((12, 10), np.uint8)
    assert contact_sheet([sample(labels)] * 7, columns=3).shape == (3 * 14, 3 * 12, 3)
    assert contact_sheet([sample(labels)]).shape == (14, 12, 3)
