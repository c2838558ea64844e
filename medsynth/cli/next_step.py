"""The last line of a verb: what to do next, as `medsynth show` says it too."""

from __future__ import annotations

from pathlib import Path

from medsynth.cli.console import out

DONE = "nothing: it was exported, evaluated and proved"


def print_next(run: Path) -> None:
    """Print the command that a run needs next."""
    from medsynth.workflows.show import show

    found = show(run)
    out.print(f"Next: {found.next or done(found.masks)}", markup=False)


def done(masks: int) -> str:
    """Return what to say where nothing is left; `masks`: of a run that was given away, else 0."""
    return "nothing: it was exported and evaluated" if masks else DONE
