"""A NIfTI file as slices in any of the patient's planes; opened by its header alone."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.orientations import (
    aff2axcodes,
    axcodes2ornt,
    inv_ornt_aff,
    io_orientation,
    ornt_transform,
)
from nibabel.volumeutils import apply_read_scaling
from numpy.typing import NDArray

from medsynth.io.file_cache import FileCache
from medsynth_medical_io.window import Window, window_of

VIEWS = {"axial": "LPS", "coronal": "LIA", "sagittal": "PIR"}


class NotAVolumeError(ValueError):
    """A readable file that holds no 3-D grey volume; the text says what it holds."""


class Volume:
    """An open volume.

    Args:
        path: a NIfTI file; a fourth axis of length 1 is passed over.

    Raises:
        OSError: it is not there.
        NotAVolumeError: it holds something else.
        ValueError: it is damaged; as in all messages here, no file is named.
    """

    def __init__(self, path: Path) -> None:
        path.stat()
        try:
            self._image: Any = nib.load(path)
            self.affine: NDArray[np.float64] = np.asarray(self._image.affine, np.float64)
            sides = tuple(int(side) for side in self._image.shape)
            kind = np.dtype(self._image.get_data_dtype())
        except Exception as error:
            raise ValueError(f"it is damaged or no NIfTI ({type(error).__name__})") from error
        self.shape = (*sides, 1)[:3] if len(sides) == 2 else sides[:3]
        if len(sides) < 2 or any(side != 1 for side in sides[3:]):
            raise NotAVolumeError(f"it has {len(sides)} axes ({'x'.join(map(str, sides))})")
        if kind.names is not None or kind.kind not in "uifb":
            raise NotAVolumeError(f"it holds values of type {kind}")
        if min(self.shape) < 1:
            raise NotAVolumeError("it has no voxels")
        if not np.isfinite(self.affine).all() or np.linalg.matrix_rank(self.affine[:3, :3]) < 3:
            raise NotAVolumeError("its affine says not where its axes point")
        self.axes = "".join(aff2axcodes(self.affine))
        self._tail = (0,) * max(0, len(sides) - 3)
        self._flat = len(sides) == 2
        self._zipped = path.name.lower().endswith(".gz")
        self._kept: Any = None
        self._lock = Lock()

    @property
    def window(self) -> Window | None:
        """The display range of the header, where it has one."""
        low, high = (float(self._image.header[key]) for key in ("cal_min", "cal_max"))
        return window_of((low + high) / 2, high - low, "LINEAR_EXACT")

    def shape_in(self, view: str) -> tuple[int, int, int]:
        """Return (W, H, K) in a view."""
        sides = [self.shape[axis] for axis in self._sources(view)[0]]
        return sides[0], sides[1], sides[2]

    def affine_in(self, view: str) -> NDArray[np.float64]:
        """Return the (4, 4) affine from (column, row, slice) to millimetres, RAS."""
        change = ornt_transform(io_orientation(self.affine), axcodes2ornt(view))
        return np.asarray(self.affine @ inv_ornt_aff(change, self.shape))

    def plane(self, view: str, number: int) -> NDArray[Any]:
        """Return slice `number` of a view, (H, W) in the file's values.

        Raises:
            ValueError: the file is damaged there.
        """
        sources, flipped = self._sources(view)
        index: list[Any] = [slice(None)] * 3
        across = sources[2]
        index[across] = self.shape[across] - 1 - number if flipped[2] else number
        try:
            plane = self._at(tuple(index))
        except Exception as error:
            raise ValueError(f"it is damaged or truncated ({type(error).__name__})") from error
        plane = plane.T if sources[0] > sources[1] else plane
        for axis in (0, 1):
            plane = np.flip(plane, axis) if flipped[axis] else plane
        return plane.T

    def _at(self, index: tuple[Any, ...]) -> NDArray[Any]:
        """Return a plane; of a zipped file all is unpacked once, of others only the plane."""
        stored = self._image.dataobj
        if not self._zipped and not self._flat:
            return np.asanyarray(stored[index + self._tail])
        with self._lock:
            if self._kept is None:
                self._kept = np.asanyarray(stored.get_unscaled()).reshape(self.shape)
        return np.asanyarray(apply_read_scaling(self._kept[index], stored.slope, stored.inter))

    def _sources(self, view: str) -> tuple[list[int], list[bool]]:
        """Return for columns, rows and slices the file's axis, and whether it runs back."""
        change = ornt_transform(io_orientation(self.affine), axcodes2ornt(view))
        axes = [int(np.flatnonzero(change[:, 0] == target)[0]) for target in range(3)]
        return axes, [bool(change[axis, 1] < 0) for axis in axes]


VOLUMES = FileCache(Volume, most=4)
"""Open volumes; of zipped ones the voxels stay in memory as they are stored."""
