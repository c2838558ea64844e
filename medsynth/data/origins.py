"""Which pairs are synthetic: told where it is known, refused where an export does not tell it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from medsynth.core.errors import InputError
from medsynth.core.words import counted
from medsynth.data.nothing_found import read_back_tip
from medsynth.data.options import DataOptions
from medsynth.data.own_folders import export_at
from medsynth.data.problems import Problem, problem
from medsynth.data.readers import Pair
from medsynth.data.records import Item

SYNTHETIC = "synthetic"


def synthetic_problems(items: Sequence[Item]) -> list[Problem]:
    """Return a warning if some pairs are synthetic: a fit would learn from them as if real.

    Args:
        items: all pairs that are used; medsynth's own exports say their `origin`.
    """
    made = [item for item in items if item.attributes.get("origin") == SYNTHETIC]
    held_out = sum(item.split != "train" for item in made)
    judging = f", {held_out} of them in val or test" if held_out else ""
    return problem(
        "synthetic-pairs",
        "warning",
        f"{len(made)} of {len(items)} pairs are synthetic{judging}",
        [item.attributes["key"] for item in made],
        "For the real ones alone: --set data.where='{origin: real}'",
    )


def refuse_unknown_origins(root: Path, pairs: Sequence[Pair], options: DataOptions) -> None:
    """Refuse an export whose synthetic pairs cannot be told from its real ones.

    Args:
        root: the data folder, which may be an export or lie in one.
        pairs: all that were found, with their attributes.
        options: they may name folders elsewhere.

    Raises:
        InputError: some pairs have no origin, and synthetic ones are among them.
    """
    known = [pair.attributes["origin"] for pair in pairs if pair.attributes.get("origin")]
    if len(known) == len(pairs):
        return
    for folder in (root, *(root / told for told in (options.images, options.masks) if told)):
        export = export_at(folder)
        if export is not None and export.synthetic > known.count(SYNTHETIC):
            whole = f"Give the export's own folder as DATA: {export.folder}"
            raise InputError(
                f"{folder} {'is' if export.folder == folder else 'lies in'} an export of medsynth "
                f"({export.format}) with {counted(export.synthetic, 'synthetic pair')}, and "
                "which they are cannot be read here: they would count as real.",
                read_back_tip() if export.folder == root else whole,
            )
