"""An object as the run lengths that COCO writes: columns first, packed into ASCII.

Source: `rleEncode` of pycocotools (common/maskApi.c). The packed text is what the readers
accept most widely (pycocotools, Detectron2, mmdetection, torchvision), and in pure Python it
needs no extra.
"""

from __future__ import annotations

import numpy as np

from medsynth.exporters.components import Part
from medsynth.io.run_lengths import pack


def encode(part: Part, hw: tuple[int, int]) -> dict[str, object]:
    """Return the COCO RLE of an object in a mask of size `hw`: {"size", "counts"}, lossless."""
    return {"size": [hw[0], hw[1]], "counts": pack(run_lengths(part, hw))}


def run_lengths(part: Part, hw: tuple[int, int]) -> list[int]:
    """Return how many pixels are 0, then 1, then 0, ... going down column after column.

    The first number counts zeros and may be 0; all of them add up to H * W.
    """
    top, left, _, _ = part.box
    columns, rows = np.nonzero(part.pixels.T)
    positions = (columns + left) * hw[0] + rows + top
    last = np.flatnonzero(np.diff(positions) != 1)
    starts = positions[np.concatenate([[0], last + 1])]
    ends = positions[np.concatenate([last, [positions.size - 1]])] + 1
    edges = np.concatenate([[0], np.stack([starts, ends], axis=1).ravel()])
    lengths: list[int] = np.diff(edges).tolist()
    rest = hw[0] * hw[1] - int(ends[-1])
    return [*lengths, rest] if rest else lengths
