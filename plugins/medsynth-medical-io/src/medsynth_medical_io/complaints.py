"""What is wrong with volumes, gathered for one report.

An error stops the work and is stored nowhere, so it may name the file. Told as a warning, which
an index keeps, the same fault names its file by the hidden name.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePosixPath
from typing import Literal

from medsynth.data.problems import Problem, problem
from medsynth_medical_io.hiding import HiddenNames

TIPS = {
    "volume-unreadable": ("some volumes cannot be read", "Export these files again."),
    "volume-shape": ("some files hold no single 3-D grey volume",
                     "Write one 3-D volume of grey values a file."),
    "volume-labels": ("some label volumes hold no labels", "Save whole numbers from 0 up."),
    "volume-grid": ("some images and labels do not lie on one grid",
                    "Resample the labels onto the image (nearest neighbour)."),
    "volume-lonely": ("some volumes have no partner",
                      "Add its labels (all 0 if nothing is there), or its image."),
    "volume-twice": ("some files claim one case", "Keep one of each."),
    "series-mixed": ("some series are no single stack of slices",
                     "Export each acquisition as a series of its own."),
    "series-gap": ("some series lack slices", "Export them again with all slices."),
    "dicom-frames": ("some DICOM files hold several frames", "Split them into single frames."),
    "dicom-codec": ("some DICOM files are compressed in a way that nothing here decodes",
                    "Install the named package, or decompress the files."),
    "dicom-pixels": ("some DICOM files hold pixels that are not read",
                     "Write them as grey, or as RGB of 8 bits."),
    "seg": ("some DICOM segmentations are not read", "Write them as binary DICOM-SEG."),
}  # fmt: skip
SKIP = "Or leave them out: --set data.plugin.{reader}.on_bad=skip"


class Complaints:
    """The faults of one folder.

    Args:
        names: hides file names.
        reader: the reader's name, for the tip.
        on_bad: whether faults stop the work.
    """

    def __init__(self, names: HiddenNames, reader: str, on_bad: Literal["error", "skip"]) -> None:
        self._names = names
        self._reader = reader
        self._on_bad = on_bad
        self._said: dict[str, list[str]] = defaultdict(list)

    def add(self, code: str, path: PurePosixPath, text: str) -> None:
        """Note a fault of a file: `text` is a part of a sentence without any name in it."""
        shown = path.as_posix() if self._on_bad == "error" else self._names.of("file", path)
        self._said[code].append(f"{shown}: {text}")

    def problems(self) -> list[Problem]:
        """Return a problem a kind."""
        severity: Literal["error", "warning"] = "error" if self._on_bad == "error" else "warning"
        skip = SKIP.format(reader=self._reader)
        return [
            each
            for code, (what, tip) in TIPS.items()
            for each in problem(code, severity, what, self._said[code], f"{tip} {skip}")
        ]
