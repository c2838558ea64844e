"""Reads an export with Datumaro: classes, splits, and every pixel of every mask."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

IMPORTERS = {
    "coco": "coco_instances",
    "coco-panoptic": "coco_panoptic",
    "folder": "common_semantic_segmentation",
}


def main(name: str, place: Path) -> None:
    from datumaro import AnnotationType, Dataset
    from expected import Expected

    expected = Expected(place)
    out = place / "out"
    splits = sorted({item["split"] for item in expected.samples.values()})
    if name == "folder":
        sets = {}
        for split in splits:
            classes = json.loads((out / "classes.json").read_text(encoding="utf-8"))["classes"]
            labels = {str(item["id"]): item["name"] for item in classes}
            meta = out / split / "dataset_meta.json"
            meta.write_text(json.dumps({"label_map": labels}), encoding="utf-8")
            sets[split] = Dataset.import_from(str(out / split), IMPORTERS[name])
    else:
        (out / "images").mkdir()  # Datumaro looks for images/<split>, COCO's own tools do not
        for split in splits:
            (out / "images" / split).symlink_to(out / split)
        whole = Dataset.import_from(str(out), IMPORTERS[name])
        assert sorted(whole.subsets()) == splits
        sets = {split: whole.subsets()[split].as_dataset() for split in splits}
    seen = 0
    for split, found in sets.items():
        names = [item.name for item in found.categories()[AnnotationType.label]]
        background = int("background" not in names)
        assert names == expected.classes[background:], names
        assert {item.id for item in found} == expected.of(split)
        for item in found:
            labels = np.zeros(expected.labels(item.id).shape, np.uint8)
            for annotation in item.annotations:
                if annotation.type == AnnotationType.mask:
                    labels[annotation.image.astype(bool)] = annotation.label + background
            assert np.array_equal(labels, expected.labels(item.id)), item.id
            seen += 1
    print(f"{seen} masks alike in every pixel, classes and splits too")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
