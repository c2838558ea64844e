"""Reads an export with Ultralytics: its own data sets at the size of the images."""

from __future__ import annotations

import sys
from copy import deepcopy
from pathlib import Path

import numpy as np


def main(name: str, place: Path) -> None:
    from expected import Expected
    from ultralytics.cfg import get_cfg
    from ultralytics.data.build import build_yolo_dataset
    from ultralytics.data.utils import check_det_dataset

    expected = Expected(place)
    data = check_det_dataset(str(place / "out" / "data.yaml"), autodownload=False)
    task = "semantic" if name == "yolo-semantic" else "segment"
    names = expected.classes if task == "semantic" else expected.classes[1:]
    assert list(data["names"].values()) == names
    assert data["channels"] == expected.about["channels"]
    config = get_cfg(overrides={"task": task, "imgsz": 64, "workers": 0})
    seen, ious = 0, []
    for split in ("train", "val", "test"):
        dataset = build_yolo_dataset(config, data[split], 1, data, mode="val")
        stems = [Path(label["im_file"]).stem for label in dataset.labels]
        assert set(stems) == expected.of(split), split
        assert len(stems) == len(expected.of(split))
        for index, stem in enumerate(stems):
            image = dataset.load_image(index)[0]
            shown = expected.image(stem)
            assert image.shape[2] == shown.shape[2]
            seen += 1
            if task == "semantic":
                assert np.array_equal(dataset.load_mask(index), expected.labels(stem)), stem
            else:
                ious += compare(dataset, index, expected, stem)
    if task == "semantic":
        print(f"{seen} masks alike in every pixel")
        return
    said = next(note for note in reversed(expected.about["notes"]) if "IoU" in note)
    found = f"IoU {np.mean(ious):.4f} on average, {min(ious):.4f} at worst"
    assert found in said, (found, said)
    assert expected.about["instances"] or min(ious) == 1
    print(f"{seen} images, {len(ious)} objects: {found}, as the export said")


def compare(dataset, index, expected, stem) -> list[float]:
    """Return the IoU of each object of an image; classes and their order must agree."""
    from ultralytics.data.utils import polygons2masks

    label = deepcopy(dataset.labels[index])
    height, width = label["shape"]
    objects = expected.objects(stem)
    assert (height, width) == objects.shape[1:]
    assert (label["cls"].ravel() + 1).tolist() == expected.samples[stem]["classes"], stem
    instances = dataset.update_labels_info(label)["instances"]
    instances.denormalize(width, height)
    masks = polygons2masks((height, width), instances.segments, 1, 1).astype(bool)
    return [
        float((mask & part).sum() / (mask | part).sum())
        for mask, part in zip(masks, objects, strict=True)
    ]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
