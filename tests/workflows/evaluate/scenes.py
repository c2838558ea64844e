"""Scenes that a segmenter learns in seconds, and stores filled with images of one's own."""

import shutil

import cv2
import numpy as np

from medsynth.core.keys import key_of
from medsynth.core.types import Mask, Sample
from medsynth.data.index import DataIndex
from medsynth.io.images import write_png
from medsynth.store.lineage import Lineage
from medsynth.store.samples import NewSample, SampleStore

SIZE = 48
MADE = 28


def scene(seed):
    """Return (SIZE, SIZE, 3) uint8, textured tissue with a bright disc, and the disc's mask."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIZE, :SIZE]
    tissue = cv2.GaussianBlur(rng.normal(0, 1, (SIZE, SIZE)).astype(np.float32), (0, 0), 2.0)
    centre, radius = rng.uniform(0.28, 0.72, 2) * SIZE, rng.uniform(0.14, 0.24) * SIZE
    disc = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2
    image = rng.normal((150, 95, 100), 10) + 18 * (tissue / tissue.std())[..., None]
    image = image + rng.normal(0, 5, (SIZE, SIZE, 1)) + 55 * disc[..., None] * (1, 0.9, 0.2)
    return np.clip(image, 0, 255).astype(np.uint8), disc.astype(np.uint8)


def scenes(first, count=MADE):
    """Return (count, SIZE, SIZE, 3) images and (count, SIZE, SIZE) masks, of seeds from `first`."""
    images, masks = zip(*(scene(first + k) for k in range(count)), strict=True)
    return np.stack(images), np.stack(masks)


def draw(folder, first, count, *, grey=False):
    """Write scenes as a data folder, and return it."""
    for k, (image, mask) in enumerate(zip(*scenes(first, count), strict=True)):
        write_png(folder / "images" / f"p{k:03d}.png", image[..., :1] if grey else image)
        write_png(folder / "masks" / f"p{k:03d}.png", mask * 255)
    return folder


def put(run, images, masks):
    """Make these images the samples of a run, in the place of what it has."""
    shutil.rmtree(run / "samples", ignore_errors=True)
    train = DataIndex.load(run).split("train")
    new = []
    for k, (image, mask) in enumerate(zip(images, masks, strict=True)):
        source = train[k % len(train)]
        lineage = Lineage((source.id,), ({"op": "flip"},), 7, "c" * 64, {}, {})
        sample = Sample(key_of(k), image, Mask(mask), "train", "synthetic", source.group)
        new.append(NewSample(sample, k, lineage))
    SampleStore(run / "samples").add(new)
