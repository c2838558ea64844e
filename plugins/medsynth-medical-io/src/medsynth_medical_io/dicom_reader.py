"""The reader `dicom`: series with a DICOM-SEG or a NIfTI label volume as pairs of slices.

A frame is the address `dicom-<hidden>/<window>`; `dicom_masks` has those of masks.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import nibabel as nib
import numpy as np

from medsynth.core.options import Options
from medsynth.data.listing import Listing
from medsynth.data.problems import problem
from medsynth.data.raster import UnreadableError
from medsynth.data.readers import Found, Pair
from medsynth_medical_io.complaints import Complaints
from medsynth_medical_io.dicom_faults import series_faults
from medsynth_medical_io.dicom_folder import look_through
from medsynth_medical_io.dicom_masks import masks_of
from medsynth_medical_io.dicom_pixels import read_slice
from medsynth_medical_io.dicom_series import Series
from medsynth_medical_io.frames import image_frame, label_frame
from medsynth_medical_io.hiding import HiddenNames, find_path
from medsynth_medical_io.nifti_reader import Nifti
from medsynth_medical_io.options import SliceOptions
from medsynth_medical_io.places import about_slice
from medsynth_medical_io.seg_frames import SEG_FRAMES
from medsynth_medical_io.series_masks import SeriesMasks


class Dicom:
    """Series of single-frame files; slices stay in the plane in which they were taken.

    Args:
        options: which slices, in what window.
    """

    title = "DICOM: series with DICOM-SEG or a NIfTI label volume, as slices"
    options: ClassVar[type[Options]] = SliceOptions

    def __init__(self, options: SliceOptions | None = None) -> None:
        self._options = options or SliceOptions()

    def find(self, listing: Listing) -> Found | None:
        """Return a pair a slice; segmentations are read once to find those with foreground."""
        names = HiddenNames(listing)
        complaints = Complaints(names, "dicom", self._options.on_bad)
        folder = look_through(listing, complaints)
        if folder is None:
            return None
        labels = sorted({label for _, seg in folder.segmentations for label in seg.labels.values()})
        values = {label: value for value, label in enumerate(labels, start=1)}
        pairs: list[Pair] = []
        bare = []
        for series in folder.series:
            masks = masks_of(listing.root, series, folder, values, names, complaints)
            if masks is None:
                bare.append(series.slices[0].path.parent)
            elif not _faulty(series, complaints):
                pairs += self._pairs(series, masks, names) if masks.names else ()
        found = complaints.problems()
        found += problem(
            "series-without-mask", "warning" if pairs else "error",
            "some DICOM series have no mask and are not read",
            [names.of("series", path) if pairs else str(path) for path in bare],
            "Put a DICOM-SEG, or a NIfTI label volume, into the folder of the series.",
        )  # fmt: skip
        return Found(
            tuple(sorted(pairs, key=lambda pair: pair.key)),
            class_names={value: label for label, value in values.items()} or None,
            problems=tuple(found),
        )

    @staticmethod
    def read(root: Path, name: str) -> bytes:
        """Read one slice."""
        hidden, _, rest = name.partition("/")
        if hidden.startswith("nifti-"):
            return Nifti.read(root, name)
        path = find_path(root, hidden)
        if hidden.startswith("dicom-"):
            pixels, inverted = read_slice(path)
            return image_frame(pixels, rest, inverted=inverted)
        try:
            frames: Any = SEG_FRAMES.get(path)
            out = np.zeros(frames.shape[1:], np.int32)
            for part in rest.split(",") if rest != "-" else ():
                frame, value = map(int, part.split("="))
                out[frames[frame]] = value
        except (ValueError, IndexError, AttributeError) as error:
            raise UnreadableError(f"it is damaged ({type(error).__name__})") from error
        return label_frame(out)

    def _pairs(self, series: Series, masks: SeriesMasks, names: HiddenNames) -> Iterator[Pair]:
        first = series.slices[0]
        case = names.of("case", first.path)
        window = self._options.window_for(first.window)
        group = names.group(first.patient) if first.patient else case
        where = [dict[str, str]()] * len(series.slices)
        if series.affine is not None:
            axes = "".join(nib.aff2axcodes(series.affine))
            where = [about_slice(case, k, len(where), axes, series.affine)
                     for k in range(len(where))]  # fmt: skip
        for k in self._options.chosen(masks.foreground):
            header = series.slices[k]
            yield Pair(
                f"{case}-{k:04d}",
                f"{names.of('dicom', header.path)}/{window}",
                (masks.names[k],),
                attributes={"group": group, **where[k]},
                spacing_mm=header.spacing,
                listed_as=first.path.parent.as_posix(),
            )


def _faulty(series: Series, complaints: Complaints) -> bool:
    """Note what is wrong with a series that has masks; return whether anything is."""
    faults = list(series_faults(series))
    for code, header, text in faults:
        complaints.add(code, header.path, text)
    return bool(faults)
