"""16-bit grey, from the index through every format to its reader: one stated window, told."""

import io

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from medsynth.data.index import build_index
from medsynth.data.load import load_sample
from medsynth.data.options import DataOptions
from medsynth.data.records import DataIndex
from medsynth.exporters.choose import ChoiceOptions
from medsynth.io.images import write_png
from medsynth.io.runs import Run
from medsynth.workflows.export.export import ExportConfig, export_run
from medsynth.workflows.export.notes import set_notes

from .readers import READERS, datalist, imagefolder, monai_loader, picture, shards
from .sets import quiet

PAIRS, HW = 10, (24, 40)
WINDOW = (2.0, 98.0)


def scan(k):
    """A 16-bit slice as a scanner writes it: narrow, far from black, with hot pixels."""
    rng = np.random.default_rng(k)
    pixels = rng.normal(21000 + 300 * k, 900, HW)
    pixels[6:14, 8 : 20 + k] += 4000
    pixels[0, :3] = 65535, 0, 65535
    return pixels.round().clip(0, 65535).astype(np.uint16)


def windowed(pixels):
    """The rule as the help says it: percentiles of this very image become black and white."""
    low, high = np.percentile(pixels, WINDOW)
    return np.rint((np.clip(pixels, low, high) - low) / (high - low) * 255).astype(np.uint8)


@pytest.fixture(scope="module", params=["png", "tif"])
def run(request, tmp_path_factory):
    """A run of ten 16-bit slices, not fitted: real pairs are exported."""
    root = tmp_path_factory.mktemp("deep")
    for k in range(PAIRS):
        path = root / "data" / "images" / f"slice{k}.{request.param}"
        if request.param == "png":
            write_png(path, scan(k))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(path, scan(k))
        mask = np.zeros(HW, np.uint8)
        mask[6:14, 8 : 20 + k] = 255
        write_png(root / "data" / "masks" / f"slice{k}.png", mask)
    made = Run(root / "run")
    made.path.mkdir()
    made.recipe.write_text("export: {ratio: 0}\n")
    options = DataOptions(size=HW, window=WINDOW)
    build_index(root / "data", options, seed=0).save(made.path)
    return made.path


def pngs(pattern, suffix=""):
    def read(folder):
        return {
            path.stem.removesuffix(suffix): picture(path)
            for path in folder.glob(pattern)
            if "annotations" not in path.parts
        }

    return read


def hdf5(folder):
    with h5py.File(next(folder.glob("*.h5"))) as file:
        return dict(zip(file["ids"].asstr()[:], file["images"][:], strict=True))


def huggingface(folder):
    data = imagefolder(folder)
    return {item["id"]: np.asarray(item["image"]) for split in data.values() for item in split}


def webdataset(folder):
    splits = ("train", "val", "test")
    items = [item for split in splits for item in shards(folder, split)]
    return {item["__key__"]: picture(io.BytesIO(item["png"])) for item in items}


def monai(folder):
    load = monai_loader()
    keys = ("training", "validation", "test")
    items = [item for key in keys for item in datalist(folder, key)]
    return {
        item["image"].split("/")[-1][:-4]: np.asarray(load(item["image"])).astype(np.uint8)
        for item in items
    }


def transunet(folder):
    found = {}
    for path in folder.glob("train_npz/*.npz"):
        with np.load(path) as data:
            assert data["image"].min() >= 0
            assert data["image"].max() <= 1
            found[path.stem.removesuffix("_slice000")] = np.rint(data["image"] * 255)
    for path in folder.glob("*_vol_h5/*.npy.h5"):
        with h5py.File(path) as file:
            found[path.name.removesuffix(".npy.h5")] = np.rint(file["image"][0] * 255)
    return found


IMAGES = {
    "coco": pngs("*/*.png"),
    "coco-panoptic": pngs("*/*.png"),
    "folder": pngs("*/images/*.png"),
    "hdf5": hdf5,
    "huggingface": huggingface,
    "mmseg": pngs("img_dir/*/*.png"),
    "monai": monai,
    "nnunet": pngs("nnUNet_raw/Dataset*/imagesT[rs]/*.png", "_0000"),
    "transunet": transunet,
    "webdataset": webdataset,
    "yolo-seg": pngs("images/*/*.png"),
    "yolo-semantic": pngs("images/*/*.png"),
}


def grey(pixels):
    """One channel of pixels whose channels are alike."""
    if pixels.ndim == 2:
        return pixels
    assert all(np.array_equal(pixels[..., 0], pixels[..., k]) for k in range(pixels.shape[-1]))
    return pixels[..., 0]


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_every_format_gives_back_the_windowed_slices(run, tmp_path, name):
    result = export_run(ExportConfig(name, run, tmp_path / "out"), quiet)
    images, masks = IMAGES[name](result.out), READERS[name](result.out)
    assert len(images) == len(masks) == PAIRS
    for k in range(PAIRS):
        assert np.array_equal(grey(images[f"slice{k}"]), windowed(scan(k)))
        assert np.count_nonzero(masks[f"slice{k}"]) == 8 * (12 + k)
    assert "More than 8 bits: 10 images of the data." in " ".join(result.notes)
    assert "percentiles 2.0 and 98.0" in (result.out / "DATASHEET.md").read_text()


def test_the_window_leaves_no_grey_unused(run):
    index = DataIndex.load(run)
    assert index.channels == 1
    for item in index.items:
        image = load_sample(index, item).image
        assert (image.min(), image.max()) == (0, 255)
        assert len(np.unique(image)) > 150


def test_an_export_of_synthetic_pairs_alone_says_nothing_of_depth(run, tmp_path):
    notes = set_notes(DataIndex.load(run), (), ChoiceOptions(synthetic_only=True))
    assert not any("8 bits" in note for note in notes)


def test_eight_bits_pass_unchanged_and_unmentioned(tmp_path):
    rng = np.random.default_rng(3)
    originals = {}
    for k in range(4):
        originals[f"p{k}"] = rng.integers(90, 120, HW, dtype=np.uint8)
        write_png(tmp_path / "data" / "images" / f"p{k}.png", originals[f"p{k}"])
        write_png(tmp_path / "data" / "masks" / f"p{k}.png", np.eye(*HW, dtype=np.uint8) * 255)
    made = Run(tmp_path / "run")
    made.path.mkdir()
    made.recipe.write_text("export: {ratio: 0}\n")
    build_index(tmp_path / "data", DataOptions(size=HW), seed=0).save(made.path)
    result = export_run(ExportConfig("folder", made.path, tmp_path / "out"), quiet)
    for path in result.out.glob("*/images/*.png"):
        with Image.open(path) as image:
            assert image.mode == "L"
            assert np.array_equal(np.asarray(image), originals[path.stem])
    assert not any("8 bits" in note for note in result.notes)
