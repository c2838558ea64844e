"""The reader `nifti`: image and label volumes as pairs of slices.

A frame is the address `nifti-<hidden>/<view>/<k>/<window>`, or `/labels` in place of a window.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import ClassVar

from medsynth.core.options import Options
from medsynth.data.listing import Listing
from medsynth.data.problems import Problem
from medsynth.data.raster import UnreadableError
from medsynth.data.readers import Found, Pair
from medsynth_medical_io.complaints import Complaints
from medsynth_medical_io.frames import image_frame, label_frame
from medsynth_medical_io.hiding import HiddenNames, find_path
from medsynth_medical_io.kinds import is_nifti
from medsynth_medical_io.label_volume import foreground_of, grid_fault
from medsynth_medical_io.nifti_layout import volume_pairs
from medsynth_medical_io.options import NiftiOptions
from medsynth_medical_io.places import about_slice, spacing_mm
from medsynth_medical_io.volume import VIEWS, VOLUMES, NotAVolumeError, Volume

NO_LABELS = Problem(
    "volume-without-labels",
    "error",
    "there are NIfTI volumes, but none is called as the labels of another",
    1,
    (),
    "Lay them out as imagesTr/case_0000.nii.gz with labelsTr/case.nii.gz, as images/ and labels/ "
    "with equal stems, as case.nii.gz with case_seg.nii.gz, or as a folder a case.",
)


class Nifti:
    """Volumes in medsynth's layouts, nnU-Net's, or a folder a case.

    Args:
        options: which slices, in what plane and window.
    """

    title = "NIfTI: image and label volumes (.nii, .nii.gz) as slices"
    options: ClassVar[type[Options]] = NiftiOptions

    def __init__(self, options: NiftiOptions | None = None) -> None:
        self._options = options or NiftiOptions()

    def find(self, listing: Listing) -> Found | None:
        """Return a pair a slice; labels are read once to find those with foreground."""
        if not any(is_nifti(path) for path in listing.others):
            return None
        volumes = volume_pairs(listing)
        if volumes is None:
            return Found((), problems=(NO_LABELS,))
        names = HiddenNames(listing)
        complaints = Complaints(names, "nifti", self._options.on_bad)
        for twice in volumes.duplicates:
            complaints.add("volume-twice", PurePosixPath(twice), "have one name")
        for lonely, kind in ((volumes.lonely_images, "labels"), (volumes.lonely_masks, "image")):
            for path in lonely:
                complaints.add("volume-lonely", PurePosixPath(path), f"it has no {kind}")
        slices: list[Pair] = []
        for pair in volumes.pairs:
            slices += self._slices(listing.root, pair, names, complaints)
        return Found(
            tuple(sorted(slices, key=lambda each: each.key)),
            passed_over=tuple(names.of("nifti", PurePosixPath(p)) for p in volumes.passed_over),
            class_names=volumes.class_names,
            problems=tuple(complaints.problems()),
        )

    @staticmethod
    def read(root: Path, name: str) -> bytes:
        """Read one slice."""
        hidden, view, number, kind = name.split("/")
        path = find_path(root, hidden)
        try:
            pixels = VOLUMES.get(path).plane(view, int(number))
        except ValueError as error:
            raise UnreadableError(str(error)) from error
        return label_frame(pixels) if kind == "labels" else image_frame(pixels, kind)

    def _slices(
        self, root: Path, pair: Pair, names: HiddenNames, complaints: Complaints
    ) -> Iterator[Pair]:
        """Yield the slices of one image volume and its labels; none if anything is wrong."""
        paths = [PurePosixPath(pair.image), PurePosixPath(pair.masks[0])]
        image, labels = (_opened(root, path, complaints) for path in paths)
        if image is None or labels is None:
            return
        view = VIEWS[self._options.axis]
        fault = grid_fault(image.shape_in(view), image.affine_in(view),
                           labels.shape_in(view), labels.affine_in(view))  # fmt: skip
        if fault is not None:
            complaints.add("volume-grid", paths[1], fault)
            return
        foreground = foreground_of(labels, view, paths[1], complaints)
        if foreground is None:
            return
        case = names.of("case", paths[0])
        window = self._options.window_for(image.window)
        affine = image.affine_in(view)
        patient = next((p for p in paths[0].parts if p.startswith("sub-")), None)
        group = case if patient is None else names.group(patient)
        for k in self._options.chosen(foreground):
            yield Pair(
                f"{case}-{k:04d}",
                f"{names.of('nifti', paths[0])}/{view}/{k}/{window}",
                (f"{names.of('nifti', paths[1])}/{view}/{k}/labels",),
                attributes={
                    **pair.attributes,
                    "group": group,
                    **about_slice(case, k, foreground.size, image.axes, affine),
                },
                spacing_mm=spacing_mm(affine),
                listed_as=pair.key,
            )


def _opened(root: Path, path: PurePosixPath, complaints: Complaints) -> Volume | None:
    try:
        return VOLUMES.get(root / path)
    except NotAVolumeError as error:
        complaints.add("volume-shape", path, str(error))
    except (OSError, ValueError) as error:
        complaints.add("volume-unreadable", path, str(error))
    return None
