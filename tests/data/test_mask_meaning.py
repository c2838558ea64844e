"""What mask values mean, found or told."""

import json

import numpy as np
import pytest
from PIL import Image

from medsynth.core.errors import InputError
from medsynth.data.index import build_index
from medsynth.data.load import load_original
from medsynth.data.options import DataOptions

from .conftest import blob, picture, save


def build(root, **options):
    return build_index(root, DataOptions(size=32, **options), seed=0)


def labels(index, i=0):
    return load_original(index, index.items[i]).mask.labels


def write_masks(root, masks):
    for i, mask in enumerate(masks):
        save(root / f"images/p{i}.png", picture(i, mask.shape[:2]))
        save(root / f"masks/p{i}.png", mask)
    return root


@pytest.mark.parametrize("value", [1, 7, 128, 255])
def test_two_values_are_binary(make_pairs, value):
    index = build(make_pairs(3, value=value))
    assert index.coding.meaning == "binary"
    assert np.array_equal(labels(index), blob(0, value=1))


def test_masks_of_both_scales_are_binary(make_pairs):
    root = make_pairs(4, value=255)
    save(root / "masks/p3.png", blob(3, value=1))
    index = build(root)
    assert [c.name for c in index.classes] == ["background", "foreground"]
    assert np.array_equal(labels(index, 3), blob(3, value=1))


def test_empty_masks_are_negatives(make_pairs):
    root = make_pairs(4)
    save(root / "masks/p2.png", np.zeros((48, 64), np.uint8))
    index = build(root)
    assert {n.code: n.count for n in index.notes}["empty-mask"] == 1
    assert not labels(index, 2).any()


def test_all_masks_empty_is_an_error(make_pairs):
    with pytest.raises(InputError, match=r"has 1 kind of problem:\n- all masks are empty \(3: "):
        build(make_pairs(3, value=0))


def two_classes(i, low=1, high=2):
    mask = blob(i, value=low)
    mask[10:18, 30:36] = high
    return mask


def test_label_maps_with_names(tmp_path):
    root = write_masks(tmp_path, [two_classes(i) for i in range(3)])
    assert [c.name for c in build(root).classes] == ["background", "class-1", "class-2"]
    (root / "classes.json").write_text(json.dumps({"0": "back", "1": "cell", "2": "core"}))
    index = build(root)
    assert [(c.id, c.name) for c in index.classes] == [(0, "back"), (1, "cell"), (2, "core")]
    assert np.array_equal(labels(index), two_classes(0))
    assert build(root, mask="binary").coding.meaning == "binary"


def test_gaps_between_values_close(tmp_path):
    root = write_masks(tmp_path, [two_classes(i, 50, 100) for i in range(3)])
    index = build(root, classes={0: "background", 50: "a", 100: "b"})
    assert [(c.id, c.name) for c in index.classes] == [(0, "background"), (1, "a"), (2, "b")]
    assert np.array_equal(labels(index), two_classes(0))


def test_a_named_class_that_no_mask_has(tmp_path):
    root = write_masks(tmp_path, [two_classes(i) for i in range(3)])
    with pytest.raises(InputError, match=r"named classes occur in no mask \(1: ghost \(value 9\)"):
        build(root, classes={1: "cell", 2: "core", 9: "ghost"})
    (root / "classes.json").write_text(json.dumps({"0": "back", "1": "cell", "9": "ghost"}))
    assert {n.code: n.severity for n in build(root).notes}["class-absent"] == "note"


def test_colour_masks(tmp_path):
    colours = np.array([(0, 0, 0), (255, 0, 0), (0, 0, 255)], np.uint8)
    root = write_masks(tmp_path, [colours[two_classes(i)] for i in range(3)])
    save(root / "masks/p2.png", np.zeros((48, 64), np.uint8))
    index = build(root, classes={0x0000FF: "blue", 0xFF0000: "red"})
    assert [c.name for c in index.classes] == ["background", "blue", "red"]
    swapped = np.array([0, 2, 1], np.uint8)[two_classes(0)]
    assert np.array_equal(labels(index), swapped)
    assert not labels(index, 2).any()


def test_palette_masks_mean_their_indices(tmp_path):
    root = write_masks(tmp_path, [two_classes(i) for i in range(3)])
    for i in range(3):
        image = Image.fromarray(two_classes(i), mode=None).convert("P")
        image = Image.frombytes("P", (64, 48), two_classes(i).tobytes())
        image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
        image.save(root / f"masks/p{i}.png")
    index = build(root)
    assert index.coding.entries == ((0, 0), (1, 1), (2, 2))
    assert np.array_equal(labels(index), two_classes(0))


@pytest.mark.parametrize("damage", ["jpeg", "smooth", "smooth-few"])
def test_damaged_masks_snap_to_their_classes_and_are_counted(tmp_path, damage):
    root = tmp_path
    for i in range(4):
        save(root / f"images/p{i}.png", picture(i))
        whole = Image.fromarray(blob(i))
        if damage == "jpeg":
            (root / "masks").mkdir(exist_ok=True)
            whole.save(root / f"masks/p{i}.jpg", quality=70)
        elif damage == "smooth":
            save(root / f"masks/p{i}.png", np.asarray(whole.resize((32, 24)).resize((64, 48), 3)))
        else:
            half = np.asarray(whole).astype(int)
            half[blob(i)[:, ::-1] > 0] //= 1
            edge = blob(i).astype(int)
            edge[1:] = (edge[1:] + edge[:-1]) // 2
            save(root / f"masks/p{i}.png", edge.astype(np.uint8))
    index = build(root)
    assert index.coding.meaning == "binary"
    assert {n.code: n.count for n in index.notes}["snapped"] == 4
    wanted = blob(0, value=1)
    got = labels(index)
    assert 2 * (got & wanted).sum() / (got.sum() + wanted.sum()) > 0.93


def test_jpeg_masks_of_three_classes(tmp_path):
    for i in range(4):
        save(tmp_path / f"images/p{i}.png", picture(i))
        save(tmp_path / f"masks/p{i}.jpg", two_classes(i, 100, 220), quality=85)
    index = build(tmp_path)
    assert len(index.classes) == 3
    assert (labels(index) == two_classes(0, 1, 2)).mean() > 0.96


def ids(i, n=12, gap=1):
    mask = np.zeros((48, 64), np.uint16)
    for k in range(n - i % 3):
        top, left = 2 + 12 * (k // 4), 2 + 15 * (k % 4)
        mask[top : top + 8, left : left + 10] = 1 + k * gap
    return mask


def test_instance_maps_are_found(tmp_path):
    root = write_masks(tmp_path, [ids(i) for i in range(4)])
    index = build(root)
    assert index.coding.meaning == "instances"
    assert index.has_instances
    mask = load_original(index, index.items[0]).mask
    assert np.array_equal(mask.instances, ids(0))
    assert np.array_equal(mask.labels, ids(0) > 0)


def test_instance_maps_are_told(tmp_path):
    root = write_masks(tmp_path, [ids(i, 4, gap=5) for i in range(4)])
    assert build(root).coding.meaning == "labels"
    index = build(root, mask="instances")
    assert load_original(index, index.items[0]).mask.instances.max() == 4


def test_many_organs_are_labels_not_instances(tmp_path):
    masks = [np.where(np.isin(m, [0, 3, 7, 9, 10 + i]), m, 0) for i, m in enumerate([ids(0)] * 3)]
    assert build(write_masks(tmp_path, masks)).coding.meaning == "labels"


def test_full_masks_warn(make_pairs):
    root = make_pairs(3)
    save(root / "masks/p1.png", np.full((48, 64), 255, np.uint8))
    assert {n.code: n.count for n in build(root).notes}["full-mask"] == 1


def test_what_was_guessed_is_told(tmp_path):
    root = write_masks(tmp_path, [two_classes(i) + 1 for i in range(3)])
    notes = {n.code: n for n in build(root).notes}
    assert "the most frequent value, 1, is the background" in notes["background-guessed"].what
    assert "2, 3 are taken for classes" in notes["values-as-classes"].what
    assert np.array_equal(labels(build(root)), two_classes(0))
    (root / "classes.json").write_text(
        json.dumps({"0": "background", "1": "a", "2": "b", "3": "c"})
    )
    named = build(root)
    assert len(named.classes) == 4
    assert "background-guessed" not in {n.code for n in named.notes}


COLOURS = np.array([[0, 0, 0], [0, 255, 0], [255, 0, 0]], np.uint8)


@pytest.fixture
def coloured(tmp_path):
    return write_masks(tmp_path, [COLOURS[two_classes(i)] for i in range(3)])


def test_colours_are_told_as_colours_and_the_example_works(coloured):
    (note,) = [note for note in build(coloured).notes if note.code == "values-as-classes"]
    assert "mask values #00FF00, #FF0000 are taken for classes" in note.what
    example = note.tip[note.tip.index("{") : note.tip.index("}") + 1]
    (coloured / "classes.json").write_text(example)
    index = build(coloured)
    assert [c.name for c in index.classes] == ["background", "name-1", "name-2"]
    assert not [note for note in index.notes if note.code == "values-as-classes"]


@pytest.mark.parametrize(
    "names",
    [
        {"#00FF00": "cell", "#ff0000": "core"},
        {"cell": [0, 255, 0], "core": [255, 0, 0]},
        {"65280": "cell", "16711680": "core"},
        {"background": [0, 0, 0], "cell": [0, 255, 0], "#FF0000": "core"},
    ],
)
def test_classes_are_named_by_colour(coloured, names):
    (coloured / "classes.json").write_text(json.dumps(names))
    index = build(coloured)
    assert [c.name for c in index.classes] == ["background", "cell", "core"]
    assert np.array_equal(labels(index), two_classes(0))


def test_the_recipe_names_colours_too_and_absent_ones_are_told_as_such(coloured):
    index = build(coloured, classes={"#00FF00": "cell", "#FF0000": "core"})
    assert [c.name for c in index.classes] == ["background", "cell", "core"]
    with pytest.raises(InputError) as caught:
        build(coloured, classes={"#00FF00": "cell", "#FF00FF": "core"})
    assert "core (value #FF00FF)" in caught.value.what
    assert "The masks hold the values #000000, #00FF00, #FF0000" in caught.value.tip


@pytest.mark.parametrize(
    "names",
    [
        {"cell": [0, 256, 0]},
        {"cell": [0, 255]},
        {"#00FF0": "cell"},
        {"#00FF00": "cell", "green": [0, 255, 0]},
        {"cell": "core"},
    ],
)
def test_wrong_colours_in_classes_json(coloured, names):
    (coloured / "classes.json").write_text(json.dumps(names))
    with pytest.raises(InputError, match=r"classes\.json cannot be read") as caught:
        build(coloured)
    assert '"#FF0000"' in caught.value.tip
