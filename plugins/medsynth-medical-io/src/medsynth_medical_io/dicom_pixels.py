"""The pixels of one DICOM file, in the units that its window is in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import apply_modality_lut, pixel_array

from medsynth.data.raster import UnreadableError


def read_slice(path: Path) -> tuple[NDArray[Any], bool]:
    """Return (H, W) values after the modality's rescaling, and whether high ones are dark.

    RGB is (H, W, 3) uint8. High values are dark in MONOCHROME1.

    Raises:
        OSError: the file is not there.
        UnreadableError: it is damaged or truncated; the text names no patient.
    """
    path.stat()
    try:
        data = pydicom.dcmread(path)
        pixels = pixel_array(data)
        if pixels.ndim == 3:
            return np.asarray(pixels), False
        values = np.asarray(apply_modality_lut(pixels, data))
        inverted = bool(data.get("PhotometricInterpretation") == "MONOCHROME1")
    except OSError:
        raise
    except Exception as error:
        raise UnreadableError(
            f"its pixels are damaged or truncated ({type(error).__name__})"
        ) from error
    if values.dtype.kind in "iu":
        values = values.astype(np.int32)
    elif not (values % 1).any():
        values = np.rint(values).astype(np.int32)
    return values, inverted
