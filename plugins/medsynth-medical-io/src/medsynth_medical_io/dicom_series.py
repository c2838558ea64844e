"""A DICOM series as one stack of slices: sorted by place, its grid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsynth_medical_io.dicom_header import Header

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The files of one series in the order of their places.

    affine: (4, 4) from (column, row, slice) to millimetres, RAS; None without places.
    """

    slices: tuple[Header, ...]
    affine: NDArray[np.float64] | None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(W, H, K)."""
        height, width = self.slices[0].hw
        return width, height, len(self.slices)


def all_series(headers: Iterable[Header]) -> list[list[Header]]:
    """Return the files by series, in the order of their first paths."""
    found: dict[str, list[Header]] = defaultdict(list)
    for header in headers:
        found[header.series].append(header)
    return list(found.values())


def stack(headers: Sequence[Header]) -> Series:
    """Return the series in order; those without places go by instance number, then name."""
    first = headers[0]
    if any(h.position is None or h.directions is None or h.spacing is None for h in headers):
        return Series(tuple(sorted(headers, key=lambda h: (h.number, h.path))), None)
    assert first.directions is not None
    assert first.spacing is not None
    normal = np.cross(*first.directions)
    ordered = sorted(headers, key=lambda h: (along(h, normal), h.number, h.path))
    low, high = ordered[0].position, ordered[-1].position
    assert low is not None
    assert high is not None
    step = (high - low) / (len(ordered) - 1) if len(ordered) > 1 else normal * first.thickness
    affine = np.eye(4)
    affine[:3, 0] = first.directions[0] * first.spacing[1]
    affine[:3, 1] = first.directions[1] * first.spacing[0]
    affine[:3, 2], affine[:3, 3] = step, low
    return Series(tuple(ordered), LPS_TO_RAS @ affine)


def along(header: Header, normal: NDArray[np.float64]) -> float:
    """Return how far along the normal a slice lies, in millimetres."""
    assert header.position is not None
    return float(header.position @ normal)
