"""Several sets in one folder: what a base learns from before it meets the user's images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from spec import Sets, SetSpec

from medsynth.data.index import build_index
from medsynth.data.load import load_sample
from medsynth.io.atomic import new_folder, write_text
from medsynth.io.images import write_png
from medsynth.workflows.recipe import load_recipe

SPLITS = ("train", "val")
"""What the pool holds of each set: those that test on the others stay unseen."""


def pooled(sets: dict[str, SetSpec], data: Path, out: Path, options: Sets) -> Path:
    """Write train and val of some sets, at the model's geometry and in colour, as one folder.

    A base learns from images alone, so the masks say no more than object or not.

    Args:
        sets: by name.
        data: folder of the sets.
        out: the folder; where it is there already, it is left alone.
        options: of all fits, among them the geometry.
    """
    if out.exists():
        return out
    rows = ["stem,split"]
    with new_folder(out) as folder:
        for name, spec in sets.items():
            told = {**{k: v for k, v in options.items() if k.startswith("data.")}, **spec.options}
            recipe = load_recipe("compact", [f"{k}={json.dumps(v)}" for k, v in told.items()])
            index = build_index(data / spec.data, recipe.data, recipe.seed)
            for split in SPLITS:
                for k, item in enumerate(index.split(split)):
                    sample, stem = load_sample(index, item), f"{name}-{split}-{k:04d}"
                    colour = np.broadcast_to(sample.image, (*sample.image.shape[:2], 3))
                    write_png(folder / "images" / f"{stem}.png", np.ascontiguousarray(colour))
                    objects = (sample.mask.labels > 0).astype(np.uint8) * 255
                    write_png(folder / "masks" / f"{stem}.png", objects)
                    rows.append(f"{stem},{split}")
        write_text(folder / "split.csv", "\n".join([*rows, ""]))
    return out
