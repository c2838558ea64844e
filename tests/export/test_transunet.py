import h5py
import numpy as np
import pytest

from medsynth.core.errors import InputError
from medsynth.core.options import Options
from medsynth.exporters.deliver import deliver
from medsynth.exporters.options import ExportOptions
from medsynth.exporters.transunet import TransUnet

from .sets import make_set, quiet


def pixels(image):
    """8-bit pixels of an image in [0, 1]."""
    assert image.dtype == np.float32
    assert 0 <= image.min() <= image.max() <= 1
    return np.round(image * 255).astype(np.uint8)


def test_slices_and_volumes_hold_every_pixel(tmp_path):
    export_set = make_set(channels=1)
    deliver("transunet", export_set, tmp_path / "out", ExportOptions(), quiet)
    for split, name in (("train", "train"), ("val", "val_vol"), ("test", "test_vol")):
        listed = (tmp_path / "out" / "lists" / f"{name}.txt").read_text().splitlines()
        for case, sample in zip(listed, export_set.samples(split), strict=True):
            if split == "train":
                assert case == f"{sample.id}_slice000"
                with np.load(tmp_path / "out" / "train_npz" / f"{case}.npz") as data:
                    image, label = data["image"], data["label"]
                _height, _width = image.shape  # as the reader unpacks it
            else:
                assert case == sample.id
                with h5py.File(tmp_path / "out" / f"{name}_h5" / f"{case}.npy.h5") as file:
                    image, label = file["image"][0], file["label"][0]
            assert np.array_equal(pixels(image), sample.image[..., 0])
            assert np.array_equal(label, sample.mask.labels)


def test_colour_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match="these images are RGB"):
        deliver("transunet", make_set(), tmp_path / "out", ExportOptions(), quiet)
    assert not list(tmp_path.iterdir())


def test_what_is_lost_is_said():
    notes = TransUnet().check(make_set(channels=1, instances=True), Options())
    assert "Instance ids are not kept" in notes[0]
    assert "val_vol" in notes[1]
