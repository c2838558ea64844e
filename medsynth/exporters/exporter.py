"""What an export format is: the contract of the group `medsynth.exporters`.

A plugin registers a class under that group; medsynth calls it without arguments::

    [project.entry-points."medsynth.exporters"]
    mine = "my_package.mine:Mine"

`medsynth.testing.check_exporter` checks the contract.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from medsynth.core.options import Options
from medsynth.core.registry import Registry
from medsynth.exporters.export_set import Counts, ExportSet, Row

__all__ = ["EXPORTERS", "Counts", "ExportResult", "ExportSet", "Exporter", "Report", "Row"]

Report = Callable[[int, int, str], None]
"""Progress: (done, total, what is going on)."""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What an export holds.

    counts: split -> origin -> number of samples written.
    notes: sentences for the user: what was lost, dropped or should be known.
    out: the folder; None as long as it has not been put in its place.
    up_to_date: True when an equal export was there already and nothing was written.
    how_to_load: one line of Python that opens the export.
    """

    counts: Counts
    notes: tuple[str, ...] = ()
    format: str = ""
    out: Path | None = None
    up_to_date: bool = False
    how_to_load: str = ""


class Exporter(Protocol):
    """One export format.

    summary: one line for lists of formats.
    options: the options model of the format. A field that `ExportOptions` has too takes
        its value from there; the others come from `export.plugin.<format>`.
    name_rule: a `NameRule`, where the format forbids names that other formats take; a
        class may leave it out. The ids that `write` sees follow it.
    """

    summary: ClassVar[str]
    options: ClassVar[type[Options]]

    def check(self, export_set: ExportSet, options: Any) -> list[str]:
        """Say, before anything is written, what the format cannot hold of this set.

        Raises:
            InputError: the set cannot be written in this format at all.
        """
        ...

    def write(self, export_set: ExportSet, out: Path, options: Any, report: Report) -> ExportResult:
        """Write the set into the empty folder `out`; return counts and notes.

        The folder is a temporary one and takes its place when this returns, so files need
        no care of their own. The same set and options must give the same bytes: no times,
        no absolute paths. Memory must not grow with the number of samples.
        """
        ...

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return one line of Python that opens the export at `out`."""
        ...


EXPORTERS: Registry[type[Exporter]] = Registry("medsynth.exporters", "export format")
"""Format name -> exporter class."""
