"""Folders that medsynth wrote, known by their marks: images in them may be synthetic.

Below a data folder they are passed over and told, or synthetic images would count as real ones.
As the data folder itself only an export is read, for it tells the origin of each pair.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, Literal

from medsynth.core.errors import InputError
from medsynth.io.json_text import parse_json
from medsynth.io.runs import is_run

Kind = Literal["run", "shard", "samples", "masks", "export", "demo"]
WORDS: dict[Kind, str] = {
    "run": "a run",
    "shard": "a shard of samples",
    "samples": "samples of a run",
    "masks": "masks of medsynth perturb",
    "export": "an export",
    "demo": "a demo",
}
CARD, MANIFEST, PERTURBED, SHARD = "export.json", "manifest.jsonl", "perturb.json", "shard.json"
SAMPLES, SAMPLES_HEAD = "samples.csv", b"id,split,origin,group,sources"
MARKS = ("recipe.yaml", "run.json", CARD, MANIFEST, PERTURBED, SHARD, "plan.jsonl", SAMPLES,
         "result.json", "contact-sheet.png", "run")  # fmt: skip
READ_BACK = "folder, coco, hdf5"
"""Exports that are read with the origin of each pair."""


@dataclass(frozen=True, slots=True)
class Export:
    """An export of medsynth: its folder, its format, and how many synthetic pairs it has."""

    folder: Path
    format: str
    synthetic: int


def own_kind(folder: Path, names: Collection[str]) -> Kind | None:
    """Return what medsynth wrote into a folder, or None if it is anybody's.

    Args:
        folder: the folder.
        names: what lies in it, or those of `MARKS` that do.
    """
    held = {name for name in MARKS if name in names}
    if {"recipe.yaml", "run.json"} <= held and is_run(folder):
        return "run"
    if (CARD in held and _card(folder) is not None) or (SAMPLES in held and _lists(folder)):
        return "export"
    if MANIFEST in held and _is_manifest(folder / MANIFEST):
        return "masks" if PERTURBED in held else "samples"
    if {SHARD, "plan.jsonl"} <= held:
        return "shard"
    if {"result.json", "contact-sheet.png", "run"} <= held and is_run(folder / "run"):
        return "demo"
    return None


def refuse_own(root: Path) -> None:
    """Refuse a data folder that is a run or a part of one.

    Raises:
        InputError: it holds synthetic images; the tip says how to get at them with their origin.
    """
    folder, kind = _nearest(root)
    if kind is None or kind in ("export", "demo"):
        return
    lies = f"{root} holds" if folder == root else f"{root} lies in {folder}, which holds"
    if kind == "masks":
        raise InputError(
            f"{lies} masks of medsynth perturb, without images.",
            f"Give them to a run: medsynth augment --masks {quote(str(folder))}",
        )
    run = next((str(path) for path in (folder, *folder.parents) if is_run(path)), "RUN")
    raise InputError(
        f"{lies} {WORDS[kind]} that medsynth made: images in it are synthetic, and would count as "
        "real.",
        f"Export it first: medsynth export --format folder --run {quote(run)}; then give "
        f"{quote(run + '/exports/folder')}, which tells the origin of each pair.",
    )


def export_at(path: Path) -> Export | None:
    """Return the export that a folder is or lies in, if any."""
    folder, kind = _nearest(path.resolve())
    card = _card(folder) if kind == "export" else None
    if card is None:
        return None
    return Export(folder, str(card.get("format", "unknown")), _synthetic(card))


def _nearest(path: Path) -> tuple[Path, Kind | None]:
    """Return the first of a folder and those above it that medsynth wrote, and what it is."""
    for folder in (path, *path.parents):
        kind = own_kind(folder, [name for name in MARKS if (folder / name).exists()])
        if kind is not None:
            return folder, kind
    return path, None


def _card(folder: Path) -> dict[str, Any] | None:
    """Return what an export's export.json holds; None if it is another's."""
    try:
        card = parse_json((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return card if isinstance(card, dict) and {"content", "generator"} <= card.keys() else None


def _synthetic(card: dict[str, Any]) -> int:
    try:
        return sum(int(origins.get("synthetic", 0)) for origins in card["counts"].values())
    except (KeyError, TypeError, ValueError, AttributeError):
        return 1  # a damaged card is no reason to take them for real


def _lists(folder: Path) -> bool:
    """Return whether a folder has the samples.csv of an export whose card was lost."""
    try:
        with (folder / SAMPLES).open("rb") as file:
            return file.readline().strip() == SAMPLES_HEAD
    except OSError:
        return False


def _is_manifest(path: Path) -> bool:
    """Return whether a manifest is medsynth's; others write files of this name, too."""
    try:
        with path.open("rb") as file:
            first = file.readline()
        row = parse_json(first.decode())
    except (OSError, ValueError):
        # Ours is empty or damaged after a crash: then the pictures beside it are samples all the
        # same, if they lie as a store has them.
        return (path.parent / "masks").is_dir()
    return isinstance(row, dict) and {"index", "files", "group"} <= row.keys()
