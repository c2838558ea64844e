"""The masks that a NIfTI label volume gives the slices of a DICOM series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import nibabel as nib

from medsynth.data.readers.matching import MASK_SUFFIX, bare
from medsynth_medical_io.complaints import Complaints
from medsynth_medical_io.dicom_series import Series
from medsynth_medical_io.hiding import HiddenNames
from medsynth_medical_io.kinds import without_suffix
from medsynth_medical_io.label_volume import foreground_of, grid_fault
from medsynth_medical_io.series_masks import SeriesMasks
from medsynth_medical_io.volume import VOLUMES


def from_volume(
    root: Path,
    path: PurePosixPath,
    series: Series,
    hidden: HiddenNames,
    complaints: Complaints,
) -> SeriesMasks | None:
    """Return the masks that a NIfTI label volume on the series' grid gives.

    An address is `nifti-<hidden>/<view>/<k>/labels`, the view being that of the series.
    """
    if series.affine is None:
        complaints.add("volume-grid", path, "its series does not say where its slices lie")
        return None
    view = "".join(nib.aff2axcodes(series.affine))
    try:
        volume = VOLUMES.get(root / path)
        fault = grid_fault(
            series.shape, series.affine, volume.shape_in(view), volume.affine_in(view)
        )
        if fault is not None:
            complaints.add("volume-grid", path, fault)
            return None
    except (OSError, ValueError) as error:
        complaints.add("volume-unreadable", path, str(error))
        return None
    foreground = foreground_of(volume, view, path, complaints)
    if foreground is None:
        return None
    name = hidden.of("nifti", path)
    return SeriesMasks(
        [f"{name}/{view}/{k}/labels" for k in range(foreground.size)],
        foreground,
    )


def volumes_of(series: Series, volumes: Sequence[PurePosixPath]) -> list[PurePosixPath]:
    """Return the NIfTI files beside a series: in its folder, or called like its folder."""
    folder = series.slices[0].path.parent
    within = [path for path in volumes if path.parent == folder]
    called = [
        path
        for path in volumes
        if folder.name and bare(without_suffix(path).name, MASK_SUFFIX) == folder.name.lower()
    ]
    return within or called
