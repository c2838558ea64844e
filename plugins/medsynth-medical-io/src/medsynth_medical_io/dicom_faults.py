"""What keeps a DICOM series from being read as one stack of slices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels import get_decoder

from medsynth_medical_io.dicom_header import Header
from medsynth_medical_io.dicom_series import Series, along

GAP = 1.5
"""Slices further apart than so many times the median distance have one missing between them."""
NEAR = 1e-3


def series_faults(series: Series) -> Iterator[tuple[str, Header, str]]:
    """Yield (code, file, part of a sentence) of what keeps a series from being read."""
    first = series.slices[0]
    for header in series.slices:
        if header.frames > 1:
            yield "dicom-frames", header, f"it holds {header.frames} frames"
        if (fault := pixel_fault(header)) is not None:
            yield "dicom-pixels", header, fault
        if (missing := missing_decoder(header)) is not None:
            yield "dicom-codec", header, missing
    if len({h.hw for h in series.slices}) > 1:
        sizes = sorted({f"{h.hw[1]}x{h.hw[0]}" for h in series.slices})
        yield "series-mixed", first, f"its slices have several sizes: {', '.join(sizes)}"
    if len({h.patient for h in series.slices}) > 1:
        yield "series-mixed", first, "its slices are of several patients"
    if series.affine is None:
        return
    turned = [h for h in series.slices if np.abs(_directions(h) - _directions(first)).max() > NEAR]
    if turned:
        yield "series-mixed", turned[0], "its slices do not lie parallel"
        return
    yield from _distance_faults(series)


def _distance_faults(series: Series) -> Iterator[tuple[str, Header, str]]:
    normal = np.cross(*_directions(series.slices[0]))
    places = np.array([along(header, normal) for header in series.slices])
    apart = np.diff(places)
    if (apart < NEAR).any():
        where = int(np.argmax(apart < NEAR))
        yield "series-mixed", series.slices[where + 1], "two of its slices are at one place"
    elif apart.size and apart.max() > GAP * np.median(apart):
        where = int(np.argmax(apart))
        usual = float(np.median(apart))
        text = f"{apart[where]:.4g} mm before the next slice, where others are {usual:.4g} mm apart"
        yield "series-gap", series.slices[where], text


def pixel_fault(header: Header) -> str | None:
    """Return what of a file's pixels is not read."""
    if header.samples == 1 and header.colours.startswith("MONOCHROME"):
        return None
    if header.samples == 3 and header.bits == 8:
        return None
    return f"it is {header.colours or 'of no stated colours'} of {header.bits} bits"


def missing_decoder(header: Header) -> str | None:
    """Return what to install for a compressed file that nothing here decodes."""
    try:
        decoder = get_decoder(header.syntax)
    except NotImplementedError:
        return f"{header.syntax.name} is decoded by no package that pydicom knows"
    if decoder.is_available:
        return None
    needed = [text.partition("requires ")[2] for text in decoder.missing_dependencies]
    return f"{header.syntax.name} needs {', or '.join(needed)}"


def _directions(header: Header) -> NDArray[np.float64]:
    assert header.directions is not None
    return header.directions
