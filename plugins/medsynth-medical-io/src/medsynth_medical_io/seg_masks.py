"""The masks that a DICOM-SEG gives the slices of a series."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np

from medsynth_medical_io.complaints import Complaints
from medsynth_medical_io.dicom_seg import Segmentation, frames_on
from medsynth_medical_io.dicom_series import Series
from medsynth_medical_io.hiding import HiddenNames
from medsynth_medical_io.seg_frames import SEG_FRAMES
from medsynth_medical_io.series_masks import SeriesMasks


def from_segmentation(
    root: Path,
    path: PurePosixPath,
    seg: Segmentation,
    series: Series,
    values: Mapping[str, int],
    hidden: HiddenNames,
    complaints: Complaints,
) -> SeriesMasks | None:
    """Return the masks that a DICOM-SEG gives; `values` are by segment label.

    An address is `seg-<hidden>/<frame>=<value>,...`; slices without a frame have `seg-.../-`.
    """
    first = series.slices[0]
    turned = (
        seg.directions is not None
        and first.directions is not None
        and not np.allclose(seg.directions, first.directions, atol=1e-3)
    )
    if seg.hw != first.hw or turned:
        sizes = [f"{hw[1]}x{hw[0]}" for hw in (seg.hw, first.hw)]
        text = "its slices are turned against those of its series"
        if seg.hw != first.hw:
            text = f"it is {sizes[0]} but its series is {sizes[1]}"
        complaints.add("volume-grid", path, text)
        return None
    try:
        pixels = SEG_FRAMES.get(root / path)
        on = frames_on(seg, series)
        own = [on.get(k, []) for k in range(len(series.slices))]
        foreground = np.array([bool(frames) and bool(pixels[frames].any()) for frames in own])
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises, the report names it
        complaints.add("seg", path, f"its pixels are damaged ({type(error).__name__})")
        return None
    texts = [
        ",".join(f"{frame}={values[seg.labels[seg.frames[frame][0]]]}" for frame in frames) or "-"
        for frames in own
    ]
    return SeriesMasks([f"{hidden.of('seg', path)}/{text}" for text in texts], foreground)
