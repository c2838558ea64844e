import pickle

import albumentations
import h5py
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from medsynth.core.errors import InputError, UsageError
from medsynth.data.torch_dataset import FolderDataset, Hdf5Dataset
from medsynth.exporters.folder import Folder, FolderOptions
from medsynth.exporters.hdf5 import Hdf5, Hdf5Options

from .sets import ONE, make_set, quiet


def exported(kind, out, options=None, **what):
    export_set = make_set(**what)
    if kind is Hdf5Dataset:
        Hdf5().write(export_set, out, options or Hdf5Options(), quiet)
        return export_set, out / "polyps-1.h5"
    Folder().write(export_set, out, options or FolderOptions(), quiet)
    return export_set, out


def same(item, sample):
    assert item["id"] == sample.id
    assert (item["image"].dtype, item["mask"].dtype) == (torch.float32, torch.int64)
    image = sample.image.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    assert np.array_equal(item["image"].numpy(), image)
    assert np.array_equal(item["mask"].numpy(), sample.mask.labels)


KINDS = pytest.mark.parametrize("kind", [Hdf5Dataset, FolderDataset])


@KINDS
@pytest.mark.parametrize("channels", [1, 3])
def test_items_are_the_samples_of_the_split(kind, channels, tmp_path):
    export_set, path = exported(kind, tmp_path, channels=channels, instances=True)
    for split in ("train", "val", "test"):
        dataset = kind(path, split=split, instances=True)
        samples = list(export_set.samples(split))
        assert len(dataset) == len(samples)
        for item, sample in zip((dataset[i] for i in range(len(dataset))), samples, strict=True):
            same(item, sample)
            assert np.array_equal(item["instances"].numpy(), sample.mask.instances)
    assert dataset.classes[2] == "Gerät"
    assert len(kind(path, origin="synthetic")) == 8


@KINDS
def test_workers_read_it_though_the_parent_has_read_it_too(kind, tmp_path):
    export_set, path = exported(kind, tmp_path)
    dataset = kind(path)
    same(dataset[0], next(export_set.samples("train")))
    loader = DataLoader(dataset, batch_size=5, num_workers=2, multiprocessing_context="fork")
    batches = list(loader)
    assert [name for batch in batches for name in batch["id"]] == dataset.ids
    masks = torch.cat([batch["mask"] for batch in batches]).numpy()
    expected = np.stack([sample.mask.labels for sample in export_set.samples("train")])
    assert np.array_equal(masks, expected)


@KINDS
def test_it_can_be_handed_to_a_spawned_worker(kind, tmp_path):
    export_set, path = exported(kind, tmp_path)
    dataset = kind(path)
    _ = dataset[0]
    same(pickle.loads(pickle.dumps(dataset))[1], list(export_set.samples("train"))[1])


@KINDS
def test_a_transform_of_albumentations_moves_image_mask_and_instances_alike(kind, tmp_path):
    export_set, path = exported(kind, tmp_path, instances=True)
    flip = albumentations.Compose([albumentations.HorizontalFlip(p=1)])
    sample = next(export_set.samples("train"))
    for instances in (False, True):
        item = kind(path, transform=flip, instances=instances)[0]
        assert np.array_equal(item["mask"].numpy(), sample.mask.labels[:, ::-1])
        image = np.round(item["image"].numpy() * 255).transpose(1, 2, 0)
        assert np.array_equal(image, sample.image[:, ::-1])
    assert np.array_equal(item["instances"].numpy(), sample.mask.instances[:, ::-1])


def test_masks_of_255_come_back_as_class_one(tmp_path):
    options = FolderOptions(mask_values="255")
    export_set, path = exported(FolderDataset, tmp_path, options, classes=ONE)
    dataset = FolderDataset(path)
    for index, sample in enumerate(export_set.samples("train")):
        same(dataset[index], sample)


@KINDS
def test_errors_say_what_there_is(kind, tmp_path):
    _, path = exported(kind, tmp_path)
    with pytest.raises(UsageError, match="no synthetic samples in val") as caught:
        kind(path, split="val", origin="synthetic")
    assert "train (synthetic)" in (caught.value.tip or "")
    with pytest.raises(UsageError, match="no such thing"):
        kind(path, split="training")
    with pytest.raises(InputError, match="no instance ids"):
        kind(path, instances=True)
    with pytest.raises(InputError):
        kind(tmp_path / "nothing")


def test_an_hdf5_file_of_somebody_else(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["data"] = [1]
    with pytest.raises(InputError, match="not one of medsynth's"):
        Hdf5Dataset(tmp_path / "x.h5")
    (tmp_path / "y.h5").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="not an HDF5 file"):
        Hdf5Dataset(tmp_path / "y.h5")
