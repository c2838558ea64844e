import csv
import json

import numpy as np
import pytest
from PIL import Image

from medsynth.core.errors import InputError
from medsynth.exporters.folder import Folder, FolderOptions

from .sets import ONE, TWO, make_set, quiet


def pixels(path, dtype=np.uint8):
    with Image.open(path) as image:
        return np.asarray(image).astype(dtype)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("instances", [False, True])
def test_every_pixel_comes_back(channels, instances, tmp_path):
    export_set = make_set(channels=channels, instances=instances)
    Folder().write(export_set, tmp_path, FolderOptions(), quiet)
    for sample in export_set:
        home, name = tmp_path / sample.split, f"{sample.id}.png"
        image = pixels(home / "images" / name)
        assert np.array_equal(image.reshape(sample.image.shape), sample.image)
        assert np.array_equal(pixels(home / "masks" / name), sample.mask.labels)
        if instances:
            back = pixels(home / "instances" / name, np.uint16)
            assert np.array_equal(back, sample.mask.instances)
    assert len(list(tmp_path.rglob("*.png"))) == len(export_set) * (3 if instances else 2)


def test_the_lists_say_what_is_there(tmp_path):
    export_set = make_set()
    Folder().write(export_set, tmp_path, FolderOptions(), quiet)
    with (tmp_path / "samples.csv").open(newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    assert [(r["id"], r["split"], r["origin"], r["group"], r["sources"]) for r in listed] == [
        (r.id, r.split, r.origin, r.group, ";".join(r.sources)) for r in export_set.rows
    ]
    classes = json.loads((tmp_path / "classes.json").read_text(encoding="utf-8"))
    assert [(c["id"], c["name"]) for c in classes["classes"]] == [(c.id, c.name) for c in TWO]


def test_masks_of_0_and_255_for_one_class_only(tmp_path):
    options = FolderOptions(mask_values="255")
    export_set = make_set(classes=ONE)
    assert Folder().check(export_set, options) == []
    Folder().write(export_set, tmp_path, options, quiet)
    for sample in export_set:
        back = pixels(tmp_path / sample.split / "masks" / f"{sample.id}.png")
        assert np.array_equal(back, sample.mask.labels * 255)
    with pytest.raises(InputError, match="polyp, Gerät"):
        Folder().check(make_set(), options)
