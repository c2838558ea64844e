"""Which slices of a volume become pairs, and in what window."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from medsynth.core.options import Options
from medsynth_medical_io.window import Window

Width = Annotated[float, Field(gt=0)]


class SliceOptions(Options):
    """What DICOM and NIfTI have in common."""

    window: Literal["file", "percentile"] | tuple[float, Width] = "file"
    """Grey window: [centre, width], that of the file, or percentiles of each slice.

    A file without a window is scaled by percentiles, too (`data.window`).
    """
    slices: Literal["foreground", "all"] = "foreground"
    """Slices with any label, or all."""
    every: int = Field(default=1, ge=1)
    """Take every k-th of these slices."""
    on_bad: Literal["error", "skip"] = "error"
    """What a bad volume or series does: stop with one report, or is left out with a warning."""

    def window_for(self, of_file: Window | None) -> str:
        """Return the window as it stands in the name of a frame; "raw" leaves it to medsynth."""
        if isinstance(self.window, tuple):
            return str(Window(*self.window))
        return str(of_file) if self.window == "file" and of_file is not None else "raw"

    def chosen(self, foreground: NDArray[np.bool_]) -> list[int]:
        """Return which slices to take; `foreground` (K,) says which have a label."""
        every: Any = np.arange(foreground.size)
        return list(map(int, every[foreground] if self.slices == "foreground" else every))[
            :: self.every
        ]


class NiftiOptions(SliceOptions):
    """Options of the reader nifti."""

    axis: Literal["axial", "coronal", "sagittal"] = "axial"
    """Plane of the slices, whatever the order of the file's axes."""
