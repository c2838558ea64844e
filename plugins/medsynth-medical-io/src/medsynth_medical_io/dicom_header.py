"""What a DICOM file says of itself, without its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.uid import UID

from medsynth_medical_io.window import Window, window_of

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
TAGS = [
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID",
    "PatientID", "PatientName",
    "PatientBirthDate", "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "BitsAllocated",
    "PhotometricInterpretation", "InstanceNumber", "ImagePositionPatient",
    "ImageOrientationPatient", "PixelSpacing", "ImagerPixelSpacing", "SliceThickness",
    "WindowCenter", "WindowWidth", "VOILUTFunction",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """One image file; ids are here for grouping and go no further.

    space: the frame of reference, in which positions of several files can be compared.
    position, directions: (3,) and (2, 3) in millimetres, LPS: of the first pixel, and the
        ways in which columns and rows grow; None where the file gives none.
    spacing: (down the rows, along the columns) in millimetres, or None.
    """

    path: PurePosixPath
    series: str
    space: str
    instance: str
    patient: str
    hw: tuple[int, int]
    frames: int
    samples: int
    bits: int
    colours: str
    syntax: UID
    number: int
    position: NDArray[np.float64] | None
    directions: NDArray[np.float64] | None
    spacing: tuple[float, float] | None
    thickness: float
    window: Window | None


def read_header(root: Path, path: PurePosixPath) -> tuple[str, Header | None]:
    """Return the SOP class of a file, and its header if it is an image.

    Raises:
        OSError, ValueError: it cannot be read; the text names no patient.
    """
    try:
        data = pydicom.dcmread(root / path, stop_before_pixels=True, specific_tags=list(TAGS))
        kind = str(data.get("SOPClassUID") or data.file_meta.get("MediaStorageSOPClassUID", ""))
        return kind, _header(data, path) if "Rows" in data and "Columns" in data else None
    except OSError:
        raise
    except Exception as error:
        raise ValueError(f"it is damaged ({type(error).__name__})") from error


def _header(data: Any, path: PurePosixPath) -> Header:
    instance = str(data.get("SOPInstanceUID", path))
    about = [str(data.get(tag) or "") for tag in ("PatientName", "PatientBirthDate")]
    patient = str(data.get("PatientID") or " ".join(about).strip())
    return Header(
        path=path,
        series=str(data.get("SeriesInstanceUID") or instance),
        space=str(data.get("FrameOfReferenceUID") or ""),
        instance=instance,
        patient=patient,
        hw=(int(data.Rows), int(data.Columns)),
        frames=int(data.get("NumberOfFrames") or 1),
        samples=int(data.get("SamplesPerPixel") or 1),
        bits=int(data.get("BitsAllocated") or 0),
        colours=str(data.get("PhotometricInterpretation") or ""),
        syntax=UID(str(data.file_meta.get("TransferSyntaxUID", "1.2.840.10008.1.2"))),
        number=int(data.get("InstanceNumber") or 0),
        position=_numbers(data.get("ImagePositionPatient"), 3),
        directions=_reshaped(_numbers(data.get("ImageOrientationPatient"), 6)),
        spacing=_pair(_numbers(data.get("PixelSpacing") or data.get("ImagerPixelSpacing"), 2)),
        thickness=float(data.get("SliceThickness") or 1),
        window=window_of(
            data.get("WindowCenter"), data.get("WindowWidth"), data.get("VOILUTFunction")
        ),
    )


def _numbers(values: Any, count: int) -> NDArray[np.float64] | None:
    if values is None or len(values) != count:
        return None
    return np.array([float(value) for value in values])


def _reshaped(values: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    return None if values is None else values.reshape(2, 3)


def _pair(values: NDArray[np.float64] | None) -> tuple[float, float] | None:
    return None if values is None else (float(values[0]), float(values[1]))
