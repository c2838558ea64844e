"""Each format's masks as the reader that it is for gives them back: id -> (H, W) class ids.

YOLO and nnU-Net are read here by their layout; their own readers do it in
`tests/readers/check_foreign_readers.py`.
"""

import io
import json
import warnings

import h5py
import numpy as np
from PIL import Image
from pycocotools.coco import COCO

from medsynth.exporters.yolo_reading import filled, read_row


def picture(path):
    with Image.open(path) as image:
        return np.asarray(image)


def pngs(pattern):
    def read(folder):
        return {path.stem: picture(path) for path in folder.glob(pattern)}

    return read


def coco(folder):
    found = {}
    for path in folder.glob("annotations/instances_*.json"):
        data = COCO(str(path))
        for image in data.loadImgs(data.getImgIds()):
            labels = np.zeros((image["height"], image["width"]), np.uint8)
            for item in data.loadAnns(data.getAnnIds(imgIds=image["id"])):
                labels[data.annToMask(item).astype(bool)] = item["category_id"]
            found[image["file_name"][:-4]] = labels
    return found


def coco_panoptic(folder):
    found = {}
    for path in folder.glob("annotations/panoptic_*.json"):
        for item in json.loads(path.read_text(encoding="utf-8"))["annotations"]:
            ids = segment_ids(path.with_suffix("") / item["file_name"])
            labels = np.zeros(ids.shape, np.uint8)
            for segment in item["segments_info"]:
                labels[ids == segment["id"]] = segment["category_id"]
            found[item["file_name"][:-4]] = labels
    return found


def segment_ids(path):
    return picture(path).astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)


def hdf5(folder):
    with h5py.File(next(folder.glob("*.h5"))) as file:
        return dict(zip(file["ids"].asstr()[:], file["masks"][:], strict=True))


def imagefolder(folder, split=None):
    from datasets import load_dataset

    data = load_dataset("imagefolder", data_dir=str(folder), cache_dir=str(folder.parent / "hf"))
    return data if split is None else data[split]


def huggingface(folder):
    data = imagefolder(folder)
    return {item["id"]: np.asarray(item["mask"]) for split in data.values() for item in split}


def shards(folder, split):
    import webdataset

    names = sorted(str(path) for path in folder.glob(f"{split}-*.tar"))
    with warnings.catch_warnings():  # it leaves the closing of files to their end
        warnings.simplefilter("ignore", ResourceWarning)
        return list(webdataset.WebDataset(names, shardshuffle=False, empty_check=False))


def webdataset(folder):
    return {
        item["__key__"]: picture(io.BytesIO(item["mask.png"]))
        for split in ("train", "val", "test")
        for item in shards(folder, split)
    }


def datalist(folder, key):
    from monai.data import load_decathlon_datalist

    return load_decathlon_datalist(folder / "dataset.json", data_list_key=key)


def monai_loader():
    from monai.transforms import LoadImage

    return LoadImage(reader="PILReader", reverse_indexing=False, image_only=True)


def monai(folder):
    load = monai_loader()
    return {
        item["label"].split("/")[-1][:-4]: np.asarray(load(item["label"])).astype(np.uint8)
        for key in ("training", "validation", "test")
        for item in datalist(folder, key)
    }


def transunet(folder):
    found = {}
    for name in (folder / "lists" / "train.txt").read_text().split():
        with np.load(folder / "train_npz" / f"{name}.npz") as data:
            found[name.removesuffix("_slice000")] = data["label"]
    for split in ("val_vol", "test_vol"):
        for name in (folder / "lists" / f"{split}.txt").read_text().split():
            with h5py.File(folder / f"{split}_h5" / f"{name}.npy.h5") as file:
                found[name] = file["label"][0]
    return found


def yolo_seg(folder):
    found = {}
    for path in folder.glob("labels/*/*.txt"):
        hw = picture(folder / "images" / path.parent.name / f"{path.stem}.png").shape[:2]
        labels = np.zeros(hw, np.uint8)
        for class_id, mask in yolo_rows(path, hw):
            labels[mask] = class_id + 1
        found[path.stem] = labels
    return found


def yolo_rows(path, hw):
    rows = [read_row(line) for line in path.read_text().splitlines()]
    for _, outline in rows:
        assert len(outline) >= 3
        assert 0 <= outline.min() <= outline.max() <= 1
    masks = filled([outline for _, outline in rows], hw)
    return [(class_id, mask) for (class_id, _), mask in zip(rows, masks, strict=True)]


READERS = {
    "coco": coco,
    "coco-panoptic": coco_panoptic,
    "folder": pngs("*/masks/*.png"),
    "hdf5": hdf5,
    "huggingface": huggingface,
    "mmseg": pngs("ann_dir/*/*.png"),
    "monai": monai,
    "nnunet": pngs("nnUNet_raw/Dataset*/labelsT[rs]/*.png"),
    "transunet": transunet,
    "webdataset": webdataset,
    "yolo-semantic": pngs("masks/*/*.png"),
    "yolo-seg": yolo_seg,
}
