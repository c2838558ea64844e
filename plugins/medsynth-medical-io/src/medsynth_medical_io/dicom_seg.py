"""DICOM segmentations: which frame of which segment lies on which slice.

Source: DICOM PS3.3 A.51 and C.8.20. A frame names the slice that it was drawn on
(DerivationImageSequence), else it lies at a slice's place (PlanePositionSequence).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray

from medsynth_medical_io.dicom_header import Header
from medsynth_medical_io.dicom_series import Series

AT_ONE_PLACE_MM = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """One file.

    labels: segment number -> its label.
    frames: for each frame its segment, the UIDs of its sources, and its place (3,) or None.
    directions: (2, 3) of all frames, or None where they differ or none is given.
    series, space: UIDs of the series that it names, and of its frame of reference.
    """

    hw: tuple[int, int]
    labels: Mapping[int, str]
    frames: tuple[tuple[int, frozenset[str], NDArray[np.float64] | None], ...]
    directions: NDArray[np.float64] | None
    series: frozenset[str]
    space: str

    def sources(self) -> set[str]:
        """Return the UIDs of all slices that a frame was drawn on."""
        return {uid for _, uids, _ in self.frames for uid in uids}

    def may_lie_on(self, header: Header) -> bool:
        """Return whether places may be compared with those of a slice."""
        if self.sources():
            return False
        return header.series in self.series if self.series else header.space == self.space != ""


def read_segmentation(path: Path) -> Segmentation:
    """Return what a DICOM-SEG file says, without its pixels.

    Raises:
        OSError, ValueError: it cannot be read; the text says why.
    """
    try:
        data = pydicom.dcmread(path, stop_before_pixels=True)
        kind = str(data.get("SegmentationType", ""))
        labels = {int(s.SegmentNumber): str(s.get("SegmentLabel") or f"segment-{s.SegmentNumber}")
                  for s in data.SegmentSequence}  # fmt: skip
        shared = data.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()]
        frames = [_frame(own, shared[0]) for own in data.PerFrameFunctionalGroupsSequence]
        hw = (int(data.Rows), int(data.Columns))
        named = {str(s.SeriesInstanceUID) for s in data.get("ReferencedSeriesSequence") or []}
        space = str(data.get("FrameOfReferenceUID") or "")
    except OSError:
        raise
    except Exception as error:
        raise ValueError(f"it is damaged or no segmentation ({type(error).__name__})") from error
    if kind not in ("BINARY", "FRACTIONAL"):
        raise ValueError(f"its type is {kind or 'not given'}, not BINARY or FRACTIONAL")
    if strange := {frame[0] for frame in frames} - set(labels):
        raise ValueError(f"its frames name segments that it does not list: {sorted(strange)}")
    ways = [frame[3] for frame in frames if frame[3] is not None]
    alike = ways and all(np.allclose(way, ways[0], atol=1e-3) for way in ways)
    return Segmentation(
        hw,
        labels,
        tuple(frame[:3] for frame in frames),
        ways[0] if alike else None,
        frozenset(named),
        space,
    )


def frames_on(seg: Segmentation, series: Series) -> dict[int, list[int]]:
    """Return slice number -> frames that lie on it, in ascending order of segment."""
    numbers = {header.instance: k for k, header in enumerate(series.slices)}
    found: dict[int, list[int]] = defaultdict(list)
    by_place = seg.may_lie_on(series.slices[0])
    for frame, (_, uids, place) in enumerate(seg.frames):
        for uid in uids & numbers.keys():
            found[numbers[uid]].append(frame)
        if by_place and place is not None:
            for k in _slices_at(place, series):
                found[k].append(frame)
    return {k: sorted(own, key=lambda frame: seg.frames[frame][0]) for k, own in found.items()}


def _slices_at(place: NDArray[np.float64], series: Series) -> list[int]:
    return [
        k
        for k, header in enumerate(series.slices)
        if header.position is not None and np.abs(header.position - place).max() < AT_ONE_PLACE_MM
    ]


def _frame(own: Any, shared: Any) -> tuple[int, frozenset[str], Any, Any]:
    """Return segment, UIDs of sources, place and directions of one frame."""

    def group(name: str) -> Any:
        found = own.get(name) or shared.get(name)
        return found[0] if found else None

    segment = group("SegmentIdentificationSequence")
    place, ways = group("PlanePositionSequence"), group("PlaneOrientationSequence")
    uids = {
        str(source.ReferencedSOPInstanceUID)
        for derived in own.get("DerivationImageSequence") or []
        for source in derived.get("SourceImageSequence") or []
    }
    return (
        int(segment.ReferencedSegmentNumber),
        frozenset(uids),
        None if place is None else np.array(place.ImagePositionPatient, float),
        None if ways is None else np.array(ways.ImageOrientationPatient, float).reshape(2, 3),
    )
