import json

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from medsynth.exporters.coco import Coco, CocoOptions
from medsynth.exporters.components import parts

from .sets import ONE, TWO, make_set, quiet

SETS = {
    "rgb, two classes": {},
    "grey, one class": {"channels": 1, "classes": ONE},
    "instances": {"instances": True, "classes": TWO},
    "tall": {"hw": (41, 23)},
}


def read(out, split, capsys):
    coco = COCO(str(out / "annotations" / f"instances_{split}.json"))
    coco.info()
    capsys.readouterr()
    return coco


@pytest.mark.parametrize("segmentation", ["rle", "polygon"])
@pytest.mark.parametrize("case", SETS)
def test_pycocotools_gets_every_pixel_class_and_instance(case, segmentation, tmp_path, capsys):
    export_set = make_set(**SETS[case])
    options = CocoOptions(segmentation=segmentation)
    result = Coco().write(export_set, tmp_path, options, quiet)
    seen = 0
    for split in export_set.splits():
        coco = read(tmp_path, split, capsys)
        assert {c["id"]: c["name"] for c in coco.loadCats(coco.getCatIds())} == {
            item.id: item.name for item in export_set.classes if item.id
        }
        images = coco.loadImgs(coco.getImgIds())
        samples = list(export_set.samples(split))
        assert [image["file_name"] for image in images] == [f"{s.id}.png" for s in samples]
        assert [image["origin"] for image in images] == [s.origin for s in samples]
        for image, sample in zip(images, samples, strict=True):
            seen += 1
            assert (image["height"], image["width"]) == sample.mask.hw
            picture = np.asarray(Image.open(tmp_path / split / image["file_name"]))
            assert np.array_equal(picture.reshape(sample.image.shape), sample.image)
            annotations = coco.loadAnns(coco.getAnnIds(imgIds=image["id"], iscrowd=False))
            labels = np.zeros_like(sample.mask.labels)
            found = []
            for annotation in annotations:
                pixels = coco.annToMask(annotation).astype(bool)
                assert not labels[pixels].any()
                labels[pixels] = annotation["category_id"]
                assert annotation["area"] == pixels.sum()
                rows, columns = np.nonzero(pixels)
                assert annotation["bbox"] == [
                    columns.min(),
                    rows.min(),
                    np.ptp(columns) + 1,
                    np.ptp(rows) + 1,
                ]
                found.append(pixels)
            assert np.array_equal(labels, sample.mask.labels)
            if sample.mask.instances is not None:
                numbers = range(1, int(sample.mask.instances.max()) + 1)
                expected = [sample.mask.instances == number for number in numbers]
                assert np.array_equal(found, expected) or found == expected == []
            else:
                assert len(found) == len(list(parts(sample.mask)))
    assert seen == len(export_set)
    if segmentation == "polygon":
        assert "IoU 1.0000 on average, 1.0000 at worst" in result.notes[-1]


def test_small_objects_are_dropped_counted_and_said(tmp_path, capsys):
    export_set = make_set()
    options = CocoOptions(min_area_px=5)
    assert "background" in Coco().check(export_set, options)[-1]
    result = Coco().write(export_set, tmp_path, options, quiet)
    every = [part for sample in export_set for part in parts(sample.mask)]
    small = [part.area_px for part in every if part.area_px < 5]
    assert len(small) > 3
    assert f"Left out: {len(small)} objects under 5 px ({sum(small)} px" in result.notes[2]
    assert result.notes[0] == f"{len(every) - len(small)} objects."
    coco = read(tmp_path, "train", capsys)
    assert min(annotation["area"] for annotation in coco.anns.values()) >= 5


def test_ids_count_from_one_and_no_licence_or_time_is_invented(tmp_path):
    Coco().write(make_set(), tmp_path, CocoOptions(), quiet)
    found = json.loads((tmp_path / "annotations" / "instances_train.json").read_text())
    assert found["licenses"] == []
    assert not {"year", "date_created", "url"} & set(found["info"])
    assert [image["id"] for image in found["images"]] == list(range(1, 13))
    assert [a["id"] for a in found["annotations"]] == list(range(1, len(found["annotations"]) + 1))
    assert {a["iscrowd"] for a in found["annotations"]} == {0}
    assert all("license" not in image for image in found["images"])
