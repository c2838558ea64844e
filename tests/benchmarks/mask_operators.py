"""How long does each mask operator take beside the albumentations operation that it replaces?

    python tests/benchmarks/mask_operators.py
    python tests/benchmarks/mask_operators.py --size 384 --pairs 200 --out operators.json

Both run in turns on the same masks in one process and one thread, and CPU time is counted; a
row has the medians and their ratio. `apply` is the work on pixels; the draw is told apart, since
some operators search for donors there, and albumentations has no such search. Where it lacks
the operation, its nearest in purpose stands for it, and the row says so with "~".
Albumentations gets the labels as its (grey) image and the instances as its mask: no more
than the operator gets.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import cv2
import numpy as np

from medsynth.core.types import Mask
from medsynth.masks.copying import copied
from medsynth.masks.operators import PERTURBATIONS
from medsynth.masks.perturbation import DrawContext

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"


def counterparts() -> dict[str, tuple[str, object]]:
    import albumentations as A  # after the environment variable, and torch with it

    elastic = A.ElasticTransform(alpha=50, sigma=10, mask_interpolation=0, p=1)
    fine = A.ElasticTransform(alpha=20, sigma=6, mask_interpolation=0, p=1)
    return {
        "flip": ("D4", A.D4(p=1)),
        "affine": (
            "Affine",
            A.Affine(
                rotate=(-20, 20), scale=(0.8, 1.2), shear=(-8, 8), translate_percent=0.1,
                interpolation=0, border_mode=cv2.BORDER_REFLECT, p=1,
            ),
        ),
        "elastic": ("ElasticTransform", elastic),
        "grow": ("Morphological", A.Morphological(scale=(8, 8), operation="dilation", p=1)),
        "contour-noise": ("~ElasticTransform", fine),
        "blend": ("~ElasticTransform", elastic),
        "shape-model": ("~ThinPlateSpline", A.ThinPlateSpline(mask_interpolation=0, p=1)),
        "copy-paste": ("OverlayElements", overlay(A.OverlayElements("pieces", p=1))),
        "smooth": ("~MedianBlur", A.MedianBlur(blur_limit=(5, 5), p=1)),
        "cut": ("MaskDropout", A.MaskDropout(max_objects=3, p=1)),
    }  # fmt: skip


def overlay(transform):
    """With as many pieces as copy-paste lays at most, of a cell's size."""
    piece = np.ones((40, 40), np.uint8)
    spot = np.ones((40, 40), np.uint8)

    def call(image, mask):
        box = [0.2, 0.2, 0.2 + 40 / image.shape[1], 0.2 + 40 / image.shape[0]]
        each = {"image": piece, "bbox": box, "mask": spot, "mask_id": 1}
        return transform(image=image[..., 0], mask=mask, pieces=[each] * 3)

    return call


def scene(seed: int, size: int, count: int, radius: tuple[float, float]) -> Mask:
    """Ellipses that do not touch, as instances."""
    rng = np.random.default_rng(seed)
    ids = np.zeros((size, size), np.uint16)
    number = 0
    for _ in range(count):
        a, b = rng.uniform(*radius, 2) * size
        centre = tuple(int(k) for k in rng.uniform(0.1 * size, 0.9 * size, 2))
        spot = np.zeros((size, size), np.uint8)
        cv2.ellipse(spot, centre, (int(a) + 1, int(b) + 1), rng.uniform(0, 180), 0, 360, 1, -1)
        if not ids[cv2.dilate(spot, np.ones((3, 3))) > 0].any():
            number += 1
            ids[spot > 0] = number
    return Mask((ids > 0).astype(np.uint8), ids)


def cpu_seconds(call, *args, **kwargs):
    """Of this thread, so that a busy machine does not tell: (result, seconds)."""
    started = time.thread_time()
    result = call(*args, **kwargs)
    return result, time.thread_time() - started


def measure(name: str, other, sources: dict[str, Mask], pairs: int) -> dict[str, float]:
    operator, keys = PERTURBATIONS.get(name)(), sorted(sources)
    rows = []
    for k in range(pairs + 3):
        key = keys[k % len(keys)]
        mask = sources[key]
        context = DrawContext(mask, key, sources, keys)
        step, draw_s = cpu_seconds(operator.draw, np.random.default_rng(k), context)
        _, apply_s = cpu_seconds(operator.apply, mask, step, sources)
        spare = copied(mask)  # OverlayElements writes into its input, which is a source here
        theirs = {"image": spare.labels[..., None], "mask": spare.instances}
        rows.append((draw_s, apply_s, cpu_seconds(other, **theirs)[1]))
    draw, apply, theirs = np.array(rows[3:]).T
    return {
        "draw_ms": 1e3 * np.median(draw),
        "apply_ms": 1e3 * np.median(apply),
        "albumentations_ms": 1e3 * np.median(theirs),
        "ratio": float(np.median(apply) / np.median(theirs)),
        "ratio_with_draw": float(np.median(draw + apply) / np.median(theirs)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=384, help="side of the masks in pixels")
    parser.add_argument("--pairs", type=int, default=100, help="runs of each of the two")
    parser.add_argument("--out", type=Path, help="write the rows as JSON")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    scenes = {
        "one lesion": {str(k): scene(k, arguments.size, 1, (0.08, 0.2)) for k in range(8)},
        "40 cells": {str(k): scene(k, arguments.size, 60, (0.02, 0.05)) for k in range(8)},
    }
    found = {}
    print(f"{'masks':11} {'operator':14} {'beside':18} draw   apply  albumentations  ratio  +draw")
    for kind, sources in scenes.items():
        for name, (title, other) in counterparts().items():
            row = measure(name, other, sources, arguments.pairs)
            found[f"{kind}: {name}"] = {"beside": title} | {k: round(v, 3) for k, v in row.items()}
            print(
                f"{kind:11} {name:14} {title:18} {row['draw_ms']:6.2f} {row['apply_ms']:6.2f} "
                f"{row['albumentations_ms']:9.2f} ms   {row['ratio']:7.2f} "
                f"{row['ratio_with_draw']:6.2f}"
            )
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
