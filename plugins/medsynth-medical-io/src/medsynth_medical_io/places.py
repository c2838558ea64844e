"""Where a slice lies in its volume: as texts in an index, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One slice's place.

    volume: hidden name of the volume.
    number: of the slice in its view, from 0; `slices` is how many there are.
    affine: (4, 4) from (column, row, slice) of the view to millimetres, RAS.
    axes: the file's own axes, for example "RAS".
    """

    volume: str
    number: int
    slices: int
    affine: NDArray[np.float64]
    axes: str


def about_slice(
    volume: str, number: int, slices: int, axes: str, affine: NDArray[Any]
) -> dict[str, str]:
    """Return a place as attributes of a pair."""
    return {
        "volume": volume,
        "slice": str(number),
        "slices": str(slices),
        "axes": axes,
        "affine": " ".join(repr(float(value)) for value in np.ravel(affine[:3])),
    }


def place_of(attributes: Mapping[str, str]) -> Place | None:
    """Return the place that `about_slice` wrote, None for pairs of other readers."""
    try:
        numbers = [float(text) for text in attributes["affine"].split()]
        affine = np.vstack([np.reshape(numbers, (3, 4)), [0, 0, 0, 1]])
        return Place(
            attributes["volume"],
            int(attributes["slice"]),
            int(attributes["slices"]),
            affine,
            attributes["axes"],
        )
    except (KeyError, ValueError):
        return None


def spacing_mm(affine: NDArray[Any]) -> tuple[float, float]:
    """Return the spacing (down the rows, along the columns) of a view's slices."""
    columns, rows = np.linalg.norm(affine[:3, :2], axis=0)
    return round(float(rows), 6), round(float(columns), 6)
