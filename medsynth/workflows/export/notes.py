"""What a user must know of how an export was put together, in sentences."""

from __future__ import annotations

from pathlib import Path

from medsynth.core.words import counted
from medsynth.data.records import DataIndex
from medsynth.exporters.choose import ChoiceOptions
from medsynth.exporters.export_set import Row
from medsynth.io.runs import Run
from medsynth.workflows.export.about_run import about_run


def set_notes(index: DataIndex, rows: tuple[Row, ...], options: ChoiceOptions) -> tuple[str, ...]:
    """Return what must be known of real and synthetic pairs side by side."""
    notes = []
    synthetic = [row for row in rows if row.origin == "synthetic"]
    brought = sum(not row.sources for row in synthetic)
    if options.synthetic_only:
        notes.append("Synthetic pairs only: there is no val and no test in this export.")
    if options.geometry == "original" and len(synthetic) not in {0, len(rows)}:
        height, width = index.size_hw
        notes.append(
            f"Real pairs have the size of their files, synthetic ones {height}x{width}: "
            "size and sharpness tell the two apart."
        )
    deep = sum(note.count for note in index.notes if note.code == "windowed")
    if deep and any(row.origin == "real" for row in rows):
        low, high = index.window
        notes.append(
            f"More than 8 bits: {counted(deep, 'image')} of the data. Each is exported with 8, its "
            f"percentiles {low} and {high} being black and white (data.window)."
        )
    if brought:
        notes.append(
            f"Masks from outside the data: {counted(brought, 'synthetic pair')}. Nobody checked "
            "that these are not masks of val or test."
        )
    if options.geometry == "model":
        notes += size_notes(index, sum(row.origin == "real" for row in rows))
    return tuple(notes)


SHAPED = {
    "crop": "cropped and scaled",
    "letterbox": "scaled and padded",
    "stretch": "scaled to another shape",
}
"""What becomes of images of another shape, by data.fit."""


def size_notes(index: DataIndex, real: int) -> list[str]:
    """Say where exported real images are not as their files are, and how to have them so.

    Args:
        index: says the size of each file and that of the model.
        real: how many real pairs are exported.
    """
    height, width = index.size_hw
    others = [item.source_hw for item in index.items if item.source_hw != index.size_hw]
    if not (real and others):
        return []
    reshaped = any(h * width != w * height for h, w in others)
    done = SHAPED[index.fit] if reshaped else "scaled"
    of = f"{len(others)} of {counted(len(index.items), 'real pair')}"
    h, w = others[0]
    return [
        f"All images are {height}x{width} (height x width), the size of the model. The files of "
        f"{of} have another, such as {h}x{w}: they were {done} (data.fit={index.fit}). As the "
        "files are: export.geometry=original, which all formats but hdf5 can hold."
    ]


def unknown_origin(run: Run, recorded: bool) -> list[str]:
    """Say where nobody knows what the weights have learned from.

    Args:
        run: its run.json says what the weights began as.
        recorded: whether the run says what they have learned from.
    """
    about = about_run(run)
    if about.get("shared"):
        origin = "given away without the data"
    elif about.get("unrecorded"):
        origin = "begun with others that were imported or given away"
    elif about.get("imported"):
        origin = "imported"
    elif about.get("init_from") and not recorded:
        origin = f"begun with those of {Path(str(about['init_from'])).name}"
    else:
        return []
    return [
        f"The weights were {origin}; what they learned from is not recorded, so nobody checked "
        "that images of val or test are not among it."
    ]
