import json

import numpy as np
import pytest

from medsynth.exporters.deliver import deliver
from medsynth.exporters.options import ExportOptions

from .readers import picture, segment_ids
from .sets import TWO, make_set, quiet


@pytest.mark.parametrize("instances", [False, True])
def test_ids_areas_boxes_and_classes_are_those_of_the_masks(instances, tmp_path, capsys):
    export_set = make_set(instances=instances)
    deliver("coco-panoptic", export_set, tmp_path / "out", ExportOptions(), quiet)
    home = tmp_path / "out" / "annotations"
    for split in export_set.splits():
        data = json.loads((home / f"panoptic_{split}.json").read_text(encoding="utf-8"))
        assert [(c["id"], c["name"], c["isthing"]) for c in data["categories"]] == [
            (item.id, item.name, int(instances)) for item in TWO[1:]
        ]
        samples = {f"{sample.id}.png": sample for sample in export_set.samples(split)}
        images = {image["id"]: image["file_name"] for image in data["images"]}
        assert list(images.values()) == list(samples)
        for item in data["annotations"]:
            assert images[item["image_id"]] == item["file_name"]
            sample = samples[item["file_name"]]
            ids = segment_ids(home / f"panoptic_{split}" / item["file_name"])
            assert set(np.unique(ids)) - {0} == {info["id"] for info in item["segments_info"]}
            if instances:
                assert np.array_equal(ids, sample.mask.instances)
            for info in item["segments_info"]:
                pixels = ids == info["id"]
                rows, columns = np.nonzero(pixels)
                assert (sample.mask.labels[pixels] == info["category_id"]).all()
                assert info["area"] == pixels.sum()
                assert info["bbox"] == [
                    columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1,
                ]  # fmt: skip
                assert info["iscrowd"] == 0
            image = picture(tmp_path / "out" / split / item["file_name"])
            assert np.array_equal(image, sample.image)


def test_many_segments_use_all_three_bytes():
    from medsynth.exporters.coco_panoptic import to_colours
    from medsynth.exporters.components import Part

    one = np.ones((1, 1), bool)
    places = [(k // 300, k % 300) for k in range(90000)]
    colours = to_colours([Part(1, (row, column, 1, 1), one) for row, column in places], (300, 300))
    ids = colours.astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)
    assert np.array_equal(ids.ravel(), np.arange(1, 90001))
