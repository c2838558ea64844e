"""Masks as hints: class ids to colours, instances by their borders too."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

PALETTE: tuple[tuple[int, int, int], ...] = (
    (0, 0, 0),
    (255, 255, 255),
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 0),
    (0, 255, 255),
    (255, 0, 255),
)
"""The hint's colour by class id; a single foreground class is white, as published."""
ROUNDS = 12
"""Rounds of the palette, each a third darker, after which colours would be too like black."""
LEVELS = (36, 73, 109, 146, 182, 219, 255)
MIXED = tuple((r, g, b) for r, g, b in product(LEVELS, repeat=3) if not r == g == b)
"""Colours of channels that the palette never mixes, for label maps of very many classes."""
STRIDE = 101
"""Prime to their number, so that classes in a row are far from one another."""


def class_colour(k: int) -> tuple[int, int, int]:
    """Return the colour of a class: the palette's, then darker rounds of it, then mixed ones.

    All 256 differ.

    >>> class_colour(1), class_colour(9)
    ((255, 255, 255), (170, 0, 0))
    """
    if k == 0:
        return PALETTE[0]
    dim, place = divmod(k - 1, len(PALETTE) - 1)
    if dim >= ROUNDS:
        return MIXED[(k * STRIDE) % len(MIXED)]
    scale = (2 / 3) ** dim
    red, green, blue = PALETTE[place + 1]
    return int(red * scale), int(green * scale), int(blue * scale)


def mask_hint(
    labels: NDArray[np.uint8], instances: NDArray[np.uint16] | None = None
) -> NDArray[np.uint8]:
    """Return the hint of a mask.

    Args:
        labels: (H, W) uint8 class ids.
        instances: (H, W) uint16 instance ids or None.

    Returns:
        (H, W, 3) uint8: the class's colour; at half brightness where a pixel of an instance
        touches another instance or the background, so that touching objects stay apart.
    """
    table = np.array([class_colour(k) for k in range(256)], np.uint8)
    hint = table[labels]
    if instances is not None:
        hint[borders(instances)] //= 2
    return hint


def borders(instances: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Return where an instance's pixel has a 4-neighbour of another id, (H, W) bool."""
    edge = np.zeros(instances.shape, bool)
    down = instances[1:] != instances[:-1]
    right = instances[:, 1:] != instances[:, :-1]
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= right
    edge[:, :-1] |= right
    return edge & (instances > 0)
