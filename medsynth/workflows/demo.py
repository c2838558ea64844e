"""demo: the main job on a real micrograph that scikit-image ships, measured without a network.

The micrograph (colon glands, DAB and hematoxylin) has no known copyright restrictions. Its
gland mask follows from the stain by a fixed rule, so the same rule applied to a synthetic
image tells whether it shows the mask that it was made from.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.data import immunohistochemistry

from medsynth.core.errors import UsageError
from medsynth.core.types import Mask, Sample, Split
from medsynth.data.contact_sheet import overlay
from medsynth.data.index import DataIndex
from medsynth.data.load import load_sample
from medsynth.io.atomic import write_json, write_text
from medsynth.io.grids import picture_grid
from medsynth.io.images import write_png
from medsynth.io.runs import Run
from medsynth.quality.nearest import nearest_images
from medsynth.quality.noise import noise_sigma
from medsynth.quality.overlap import pooled_dice
from medsynth.quality.stain import StainRule
from medsynth.store.samples import SampleStore
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.export.export import ExportConfig, export_run
from medsynth.workflows.fit.fit import FitConfig, fit

RECIPE = "compact-quick"
TILE = 64
STRIDE = 16
STRIPS: dict[Split, tuple[int, int]] = {"test": (0, 64), "val": (64, 128), "train": (128, 512)}
"""Columns of the micrograph, in pixels; tiles never cross from one strip to another. Gland and
stroma take half of the training strip each, so that a mask says something."""
EXPORT = "coco"
SHOWN = 8
Report = Callable[[int, int, str], None]
Progress = Callable[[str], Any]
"""From a label to a context manager that yields a `Report`."""


@dataclass(frozen=True)
class DemoConfig:
    """What the demo does.

    out: its folder, new or empty; n: samples; sets: on top of the recipe.
    max_minutes: of the fit; None for the recipe's steps.
    """

    out: Path
    n: int = 64
    sets: tuple[str, ...] = ()
    max_minutes: float | None = None


@dataclass(frozen=True)
class DemoResult:
    """What the demo measured.

    dice: pooled, of what the synthetic images show with the masks they were made from.
    dice_shuffled: the same with the masks of other samples.
    dice_real: real held-out tiles against the micrograph's mask, by the same rule.
    noise_ratio: residual noise of the synthetic images over that of the training tiles.
    nearest_rms: mean distance of each sample to its most similar training tile, in grey levels.
    nearest_rms_real: the same for held-out real tiles.
    """

    out: Path
    run: Path
    n: int
    dice: float
    dice_shuffled: float
    dice_real: float
    noise_ratio: float
    nearest_rms: float
    nearest_rms_real: float
    fit_s: float
    sheet: Path
    export: Path


def demo(config: DemoConfig, progress: Progress) -> DemoResult:
    """Tile, fit, augment, export, measure.

    Args:
        config: where to and how much.
        progress: draws the progress of each part.

    Raises:
        UsageError: the folder exists and is not empty.
    """
    if config.out.exists() and any(config.out.iterdir()):
        raise UsageError(f"{config.out} is not empty.", "Choose another folder with --out DIR.")
    image = immunohistochemistry()
    rule = StainRule.fitted(image)
    data = config.out / "data"
    write_tiles(data, image, rule.mask(image))
    run = Run(config.out / "run")
    with progress("fit") as report:
        fitted = fit(
            FitConfig(data, RECIPE, run.path, config.sets, max_minutes=config.max_minutes), report
        )
    with progress("augment") as report:
        augment(AugmentConfig(config.n, run.path), report)
    with progress("export") as report:
        export_run(ExportConfig(EXPORT, run.path), report)
    return measure(config, run, rule, fitted.elapsed_s, run.exports / EXPORT)


def write_tiles(
    folder: Path, image: NDArray[np.uint8], mask: NDArray[np.bool_]
) -> dict[Split, int]:
    """Write overlapping tiles as images/, masks/ and split.csv; return how many of each split."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["stem", "group", "split"])
    counts: dict[Split, int] = {}
    for split, (left, right) in STRIPS.items():
        stride = STRIDE if split == "train" else TILE // 2
        for y in range(0, image.shape[0] - TILE + 1, stride):
            for x in range(left, right - TILE + 1, stride):
                stem = f"y{y:03d}x{x:03d}"
                window = slice(y, y + TILE), slice(x, x + TILE)
                write_png(folder / "images" / f"{stem}.png", image[window])
                write_png(folder / "masks" / f"{stem}.png", mask[window].astype(np.uint8) * 255)
                writer.writerow([stem, split, split])
                counts[split] = counts.get(split, 0) + 1
    write_text(folder / "split.csv", table.getvalue())
    return counts


def measure(
    config: DemoConfig, run: Run, rule: StainRule, fit_s: float, export: Path
) -> DemoResult:
    """Measure the samples of the demo's run and draw its contact sheet."""
    index = DataIndex.load(run.path)
    samples = list(SampleStore(run.samples))
    train = np.stack([load_sample(index, item).image for item in index.split("train")])
    held_out = [load_sample(index, item) for item in (*index.split("val"), *index.split("test"))]
    images = np.stack([sample.image for sample in samples])
    found = [rule.mask(picture) for picture in images]
    asked = [sample.mask.labels for sample in samples]
    _, distances, nearest = nearest_images(images, train)
    _, distances_real, _ = nearest_images(np.stack([s.image for s in held_out]), train)
    sheet = config.out / "contact-sheet.png"
    write_png(sheet, contact_sheet(samples, found, nearest))
    result = DemoResult(
        out=config.out,
        run=run.path,
        n=len(samples),
        dice=pooled_dice(found, asked),
        dice_shuffled=pooled_dice(found, asked[1:] + asked[:1]),
        dice_real=pooled_dice(
            [rule.mask(s.image) for s in held_out], [s.mask.labels for s in held_out]
        ),
        noise_ratio=noise_sigma(list(images)) / noise_sigma(list(train)),
        nearest_rms=float(distances.mean()),
        nearest_rms_real=float(distances_real.mean()),
        fit_s=fit_s,
        sheet=sheet,
        export=export,
    )
    write_json(config.out / "result.json", to_json(result))
    return result


def to_json(result: DemoResult) -> dict[str, Any]:
    """Return the figures, rounded, without paths."""
    return {
        name: round(value, 4)
        for name in DemoResult.__dataclass_fields__
        if isinstance(value := getattr(result, name), float | int)
    }


def contact_sheet(
    samples: list[Sample], found: list[NDArray[np.bool_]], nearest: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return rows of masks, synthetic images, what the stain rule finds, nearest training tiles."""
    rows: list[list[NDArray[Any]]] = []
    for first in range(0, min(len(samples), 3 * SHOWN), SHOWN):
        part = range(first, min(first + SHOWN, len(samples)))
        rows.append([(samples[k].mask.labels > 0).astype(np.uint8) * 255 for k in part])
        rows.append([samples[k].image for k in part])
        rows.append(
            [overlay(replace(samples[k], mask=Mask(found[k].astype(np.uint8)))) for k in part]
        )
        rows.append([nearest[k] for k in part])
    return picture_grid(rows, scale=2)
