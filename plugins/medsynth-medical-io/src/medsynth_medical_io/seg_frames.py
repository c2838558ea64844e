"""The pixels of DICOM-SEG files, kept while they are in use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import pixel_array

from medsynth.io.file_cache import FileCache


def _open_frames(path: Path) -> NDArray[np.bool_]:
    data = pydicom.dcmread(path)
    pixels = np.asarray(pixel_array(data))
    pixels = pixels[None] if pixels.ndim == 2 else pixels
    if data.SegmentationType == "FRACTIONAL":
        return np.asarray(2 * pixels.astype(np.int32) >= int(data.MaximumFractionalValue))
    return np.asarray(pixels > 0)


SEG_FRAMES = FileCache(_open_frames, most=2)
"""(frames, H, W) bool of open files; fractional ones are cut at half of their maximum."""
