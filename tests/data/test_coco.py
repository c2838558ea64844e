"""COCO files of others: whatever stands in them is read right, or told."""

import json
import time

import numpy as np
import pytest
from pycocotools import mask as reference

from medsynth.core.errors import InputError
from medsynth.data.index import build_index
from medsynth.data.load import load_original
from medsynth.data.options import DataOptions
from medsynth.data.readers.coco_file import read_coco
from medsynth.testing import check_reader

from .conftest import picture, save

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
HW = (48, 64)
BOX = [10, 5, 30, 5, 30, 25, 10, 25]


def annotation(image_id=0, category=1, segmentation=None, **more):
    return {"id": 1, "image_id": image_id, "category_id": category,
            "segmentation": [BOX] if segmentation is None else segmentation,
            "bbox": [0, 0, 1, 1], "area": 1, "iscrowd": 0, **more}  # fmt: skip


def write(root, annotations, n=4, name="annotations/instances_train2017.json", **changed):
    for i in range(n):
        save(root / "train2017" / f"p{i}.png", picture(i))
    images = [{"id": i, "file_name": f"p{i}.png", "width": HW[1], "height": HW[0]}
              for i in range(n)]  # fmt: skip
    data = {"images": images, "annotations": annotations,
            "categories": [{"id": 1, "name": "cell"}, {"id": 7, "name": "nucleus"}],
            **changed}  # fmt: skip
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    return root


def build(root, **options):
    return build_index(root, DataOptions(size=32, **options), seed=0)


def masks(root):
    index = build(root)
    assert index.reader == "coco"
    return index, {item.id: load_original(index, item).mask for item in index.items}


def expected(*rings):
    return reference.decode(reference.merge(reference.frPyObjects(list(rings), *HW)))


def test_polygons_rle_and_counts_are_as_pycocotools_reads_them(tmp_path):
    ragged = [3.5, 2.25, 40.1, 7.75, 33.3, 40.9, 12.6, 30.1, 5.05, 44.4]
    pixels = np.zeros(HW, np.uint8)
    pixels[8:20, 30:50], pixels[10:12, 33:36] = 1, 0
    packed = reference.encode(np.asfortranarray(pixels))
    plain = np.flatnonzero(np.diff(np.concatenate([[-1], pixels.T.ravel(), [-1]])))
    runs = [0, *np.diff(plain).tolist()] if pixels[0, 0] else np.diff(plain).tolist()
    index, found = masks(
        write(tmp_path, [
            annotation(0, segmentation=[ragged]),
            annotation(1, segmentation=[ragged, BOX]),
            annotation(2, 7, {"size": list(HW), "counts": packed["counts"].decode()}),
            annotation(3, 7, {"size": list(HW), "counts": runs}),
        ])
    )  # fmt: skip
    assert [c.name for c in index.classes] == ["background", "cell", "nucleus"]
    assert index.has_instances
    assert np.array_equal(found["p0"].labels, expected(ragged))
    assert np.array_equal(found["p1"].labels, expected(ragged, BOX))
    assert found["p1"].instances.max() == 1  # one object in two parts
    assert np.array_equal(found["p2"].labels, pixels * 2)
    assert np.array_equal(found["p3"].labels, pixels * 2)


def test_contract(tmp_path):
    check_reader("coco", write(tmp_path, [annotation(0), annotation(2)]))


def test_smaller_objects_lie_on_larger_ones_and_crowds_below(tmp_path):
    crowd = np.zeros(HW, np.uint8)
    crowd[:30] = 1
    rle = {
        "size": list(HW),
        "counts": reference.encode(np.asfortranarray(crowd))["counts"].decode(),
    }
    inner = [15, 10, 20, 10, 20, 15, 15, 15]
    root = write(
        tmp_path,
        [annotation(0, 7, [inner]), annotation(0), annotation(0, 7, rle, iscrowd=1)],
    )
    index, found = masks(root)
    wanted = crowd * 2
    wanted[5:25, 10:30] = 1
    wanted[10:15, 15:20] = 2
    assert np.array_equal(found["p0"].labels, wanted)
    assert found["p0"].instances.max() == 3
    assert not found["p1"].labels.any()  # listed without annotations: nothing is there
    assert [note.count for note in index.notes if note.code == "coco-crowd"] == [1]


def test_ids_of_any_size_and_kind(tmp_path):
    huge = 10**30
    images = [{"id": key, "file_name": f"p{i}.png", "width": 64, "height": 48}
              for i, key in enumerate([huge, -1, "a/b", 10**30 + 1])]  # fmt: skip
    index, found = masks(
        write(tmp_path, [annotation(huge, huge), annotation("a/b", 2)], images=images,
              categories=[{"id": huge, "name": "x"}, {"id": 2, "name": "x"}])
    )  # fmt: skip
    assert [c.name for c in index.classes] == ["background", "x-2", f"x-{huge}"]
    assert found["p0"].labels.max() == 2
    assert found["p2"].labels.max() == 1


def test_one_json_beside_an_image_folder_and_splits_by_its_folders(tmp_path):
    for split, first in (("train", 0), ("valid", 4), ("test", 8)):
        images = [{"id": i, "file_name": f"p{i}.png", "width": 64, "height": 48}
                  for i in range(first, first + 4)]  # fmt: skip
        for i in range(first, first + 4):
            save(tmp_path / split / f"p{i}.png", picture(i))
        data = {"images": images, "annotations": [annotation(first)],
                "categories": [{"id": 1, "name": "cell"}]}  # fmt: skip
        (tmp_path / split / "_annotations.coco.json").write_text(json.dumps(data))
    index = build(tmp_path)
    assert [c.name for c in index.classes] == ["background", "cell"]
    assert {item.id: item.split for item in index.items} == {
        f"p{i}": ("train", "val", "test")[i // 4] for i in range(12)
    }


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"segmentation": []}, "it has no segmentation, only a box"),
        ({"segmentation": [[1, 2, 3, 4]]}, "three or more corners"),
        ({"segmentation": [[1, 2, 3, 4, 5, "x"]]}, "three or more corners"),
        ({"segmentation": [[70, 1, 80, 1, 80, 9]]}, "outside of the image of 64x48"),
        ({"segmentation": [[1e30, 1, 80, 1, 80, 9]]}, "far outside of the image"),
        ({"segmentation": [[10**400, 1, 80, 1, 80, 9]]}, "far outside of the image"),
        ({"segmentation": [[float("nan"), 1, 2, 1, 2, 9]]}, "far outside of the image"),
        ({"segmentation": {"size": [64, 48], "counts": "0"}}, "not that of the image"),
        ({"segmentation": {"size": [48, 64], "counts": [5, 5]}}, "cover 10 pixels, not 64x48"),
        ({"segmentation": {"size": [48, 64], "counts": [-5, 3077]}}, "no whole number"),
        ({"segmentation": {"size": [48, 64], "counts": "\u00e9"}}, "no text of COCO"),
        ({"segmentation": {"size": [48, 64]}}, "no counts"),
        ({"category_id": 99}, "category 99 is none of the file's"),
        ({"category_id": [1]}, "is none of the file's"),
    ],
)
def test_wrong_annotations_are_told_and_can_be_skipped(tmp_path, wrong, said):
    root = write(tmp_path, [annotation(0), annotation(1), {**annotation(2), "id": 5, **wrong}])
    with pytest.raises(InputError) as caught:
        build(root)
    assert "annotations/instances_train2017.json/labels/2: annotation 5: " in str(caught.value)
    assert said in str(caught.value)
    assert {item.id for item in build(root, on_mismatch="skip").items} == {"p0", "p1", "p3"}


def test_wrong_entries_are_told_together(tmp_path):
    images = [{"id": 0, "file_name": "p0.png", "width": 64, "height": 48},
              {"id": 0, "file_name": "p1.png", "width": 64, "height": 48},
              {"id": 2, "file_name": "gone.png", "width": 64, "height": 48},
              {"id": 3, "file_name": "../p3.png", "width": 64, "height": 48.5}]  # fmt: skip
    root = write(tmp_path, [annotation(0), annotation(17)], images=images)
    with pytest.raises(InputError) as caught:
        build(root)
    said = str(caught.value)
    assert "image ids stand for two images (1: annotations/instances_train2017.json: 0 (p1" in said
    assert "lack an id, a file_name, a width or a height" in said
    assert "name an image that their file does not list" in said
    assert "masks have no image (1: gone.png of annotations/instances_train2017.json)" in said


def test_what_is_no_coco(tmp_path):
    save(tmp_path / "images/p0.png", picture(0))
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(InputError, match="no image with a mask"):
        build(tmp_path)
    (tmp_path / "instances_a.json").write_text("{broken")
    with pytest.raises(InputError, match="annotation files cannot be read"):
        build(tmp_path)
    (tmp_path / "instances_a.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match="annotation files cannot be read"):
        build(tmp_path)


def test_other_categories_in_another_file(tmp_path):
    write(tmp_path, [annotation(0)])
    root = write(tmp_path, [], name="annotations/instances_val2017.json",
                 categories=[{"id": 7, "name": "cell"}])  # fmt: skip
    with pytest.raises(InputError, match="annotation files have other categories"):
        build(root)


def test_a_changed_annotation_file_is_noticed(tmp_path):
    root = write(tmp_path, [annotation(0)])
    index = build(root)
    write(root, [annotation(0, segmentation=[[1, 1, 9, 1, 9, 9]])])
    with pytest.raises(InputError, match="has changed since the fit"):
        load_original(index, index.items[0])
    write(root, [annotation(0), annotation(1), annotation(1)])
    assert load_original(index, index.items[0]).mask.labels.any()


def test_masks_in_files_go_before_annotations_of_as_many(make_pairs):
    root = make_pairs(4, image="images/p{i}.png")
    write(root, [annotation(0)])
    for i in range(4):
        (root / f"train2017/p{i}.png").unlink()
    assert build(root).reader == "paired-folders"


def entries(*names):
    return [{"id": i, "file_name": name, "width": HW[1], "height": HW[0]}
            for i, name in enumerate(names)]  # fmt: skip


def test_pictures_of_one_name_with_other_suffixes_have_keys_of_their_own(tmp_path):
    names = [f"train2017/{name}" for name in ("a.jpg", "a.png", "b/a.png", "a.png.jpg", "p0.png")]
    for i, name in enumerate(names):
        save(tmp_path / name, picture(30 + i))
    root = write(tmp_path, [annotation(0), annotation(1, 7)], images=entries(*names))
    index, found = masks(root)
    keys = {item.image: item.attributes["key"] for item in index.items}
    assert len({item.id for item in index.items}) == len(names)
    assert keys == {
        "train2017/a.jpg": "train2017/a.jpg",
        "train2017/a.png": "train2017/a.png",
        "train2017/b/a.png": "train2017/b/a",
        "train2017/a.png.jpg": "a.png",
        "train2017/p0.png": "p0",
    }
    at = {item.image: found[item.id].labels.max() for item in index.items}
    assert (at["train2017/a.jpg"], at["train2017/a.png"], at["train2017/b/a.png"]) == (1, 2, 0)
    check_reader("coco", root)


def test_a_key_that_is_the_path_of_another_picture(tmp_path):
    names = ["a.png", "a.jpg", "c/a.png.jpg"]
    for i, name in enumerate(names):
        save(tmp_path / name, picture(i))
    root = write(tmp_path, [annotation(0)], images=entries(*names))
    index, _ = masks(root)
    keys = [item.attributes["key"] for item in index.items]
    assert sorted(keys) == sorted(names)


def test_a_picture_listed_twice_is_told_and_the_second_can_be_left_out(tmp_path):
    listed = entries("p0.png", "p1.png", "p0.png", "p2.png", "p1.png")
    other = [[1, 1, 9, 1, 9, 9]]
    root = write(tmp_path, [annotation(0), annotation(2, segmentation=other)], images=listed)
    with pytest.raises(InputError) as caught:
        build(root)
    head = "annotations/instances_train2017.json/labels"
    assert "has 1 kind of problem:\n" in caught.value.what
    assert f"some pairs stand in two places (2: train2017/p0.png: {head}/0 and {head}/2, " in (
        caught.value.what
    )
    assert "take the first alone with --set data.on_mismatch=skip" in caught.value.tip
    index = build(root, on_mismatch="skip")
    assert [item.id for item in index.items] == ["p0", "p1", "p2"]
    assert np.array_equal(load_original(index, index.items[0]).mask.labels, expected(BOX))
    assert [(n.severity, n.count) for n in index.notes if n.code == "pair-twice"] == [
        ("warning", 2)
    ]


def test_a_picture_in_two_annotation_files_is_told(tmp_path):
    write(tmp_path, [annotation(0)])
    root = write(tmp_path, [annotation(1)], name="annotations/instances_val2017.json")
    with pytest.raises(InputError, match=r"two places \(4: .*_train2017\.json/labels/0 and "):
        build(root)
    items = build(root, on_mismatch="skip").items
    assert {item.masks[0].rpartition("/")[0] for item in items} == {
        "annotations/instances_train2017.json/labels"
    }


def test_many_categories_take_no_longer_each(tmp_path):
    categories = [{"id": i, "name": f"class-{i}"} for i in range(40_000)]
    root = write(tmp_path, [annotation(0)], categories=[*categories, {"id": -1, "name": "class-7"}])
    start = time.perf_counter()
    file = read_coco(root / "annotations/instances_train2017.json")
    assert time.perf_counter() - start < 3  # counting each name among all took half a minute
    assert len(file.values) == 40_001
