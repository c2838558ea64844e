"""The DICOM files of a folder, sorted into series and segmentations; by headers alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from medsynth.data.listing import Listing
from medsynth_medical_io.complaints import Complaints
from medsynth_medical_io.dicom_header import SEGMENTATION, Header, read_header
from medsynth_medical_io.dicom_seg import Segmentation, frames_on, read_segmentation
from medsynth_medical_io.dicom_series import Series, all_series, stack
from medsynth_medical_io.kinds import is_dicom, is_nifti

Segmentations = tuple[tuple[PurePosixPath, Segmentation], ...]


@dataclass(frozen=True, slots=True, eq=False)
class DicomFolder:
    """What a folder holds; `volumes` are the NIfTI files in it."""

    series: tuple[Series, ...]
    segmentations: Segmentations
    volumes: tuple[PurePosixPath, ...]

    def segmentations_of(self, series: Series) -> list[tuple[PurePosixPath, Segmentation]]:
        """Return those with a frame on a slice of the series."""
        return [(path, seg) for path, seg in self.segmentations if frames_on(seg, series)]


def look_through(listing: Listing, complaints: Complaints) -> DicomFolder | None:
    """Return the DICOM files of a folder, None if there is no image among them."""
    headers: list[Header] = []
    segmentations: list[tuple[PurePosixPath, Segmentation]] = []
    found = False
    for path in listing.others:
        if not is_dicom(listing.root / path):
            continue
        found = True
        try:
            kind, header = read_header(listing.root, path)
        except (OSError, ValueError) as error:
            complaints.add("volume-unreadable", path, _why(error))
            continue
        if kind != SEGMENTATION:
            headers += [header] if header is not None else []
            continue
        try:
            segmentations.append((path, read_segmentation(listing.root / path)))
        except (OSError, ValueError) as error:
            complaints.add("seg", path, _why(error))
    if not found:
        return None
    return DicomFolder(
        tuple(stack(own) for own in all_series(headers)),
        tuple(segmentations),
        tuple(path for path in listing.others if is_nifti(path)),
    )


def _why(error: OSError | ValueError) -> str:
    return str(getattr(error, "strerror", None) or error)
