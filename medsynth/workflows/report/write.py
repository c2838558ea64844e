"""Writing report.html: everything that a run has found, on one self-contained page."""

from __future__ import annotations

from pathlib import Path

from medsynth.io.atomic import write_text
from medsynth.io.runs import Run
from medsynth.workflows.report.contents import contents
from medsynth.workflows.report.found import read_found
from medsynth.workflows.report.page import page


def write_report(run: Run) -> Path:
    """Write it from what the run holds now; the same run gives the same bytes.

    Raises:
        InputError: a file of the run is damaged, or an image changed since it was indexed.
    """
    write_text(run.report, page(contents(read_found(run))))
    return run.report
