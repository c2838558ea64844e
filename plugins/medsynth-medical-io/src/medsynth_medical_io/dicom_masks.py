"""Which file labels a series: a DICOM-SEG, else a NIfTI volume beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from medsynth_medical_io.complaints import Complaints
from medsynth_medical_io.dicom_folder import DicomFolder
from medsynth_medical_io.dicom_series import Series
from medsynth_medical_io.hiding import HiddenNames
from medsynth_medical_io.seg_masks import from_segmentation
from medsynth_medical_io.series_masks import SeriesMasks
from medsynth_medical_io.volume_masks import from_volume, volumes_of


def masks_of(
    root: Path,
    series: Series,
    folder: DicomFolder,
    values: Mapping[str, int],
    names: HiddenNames,
    complaints: Complaints,
) -> SeriesMasks | None:
    """Return a series' masks; None if there are none, an empty one if they are not right.

    Args:
        root: the data folder.
        series: whose masks.
        folder: what else lies there.
        values: class value by segment label.
        names, complaints: hide names, take faults.
    """
    own = folder.segmentations_of(series)
    volumes = [] if own else volumes_of(series, folder.volumes)
    claims: Sequence[PurePosixPath] = [path for path, _ in own] or volumes
    if not claims:
        return None
    nothing = SeriesMasks([], np.zeros(0, bool))
    if len(claims) > 1:
        complaints.add("volume-twice", claims[1], "another file labels its series, too")
        return nothing
    if own:
        path, seg = own[0]
        return from_segmentation(root, path, seg, series, values, names, complaints) or nothing
    return from_volume(root, volumes[0], series, names, complaints) or nothing
