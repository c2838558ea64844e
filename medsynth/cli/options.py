"""Options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from medsynth.core.errors import UsageError

RunOption = Annotated[
    Path | None,
    typer.Option("--run", metavar="DIR", help="The run; the latest where not given."),
]
DeviceOption = Annotated[
    str | None,
    typer.Option("--device", metavar="D", help="cpu, cuda or mps; default: the best there is."),
]
RunArgument = Annotated[
    Path | None, typer.Argument(metavar="[RUN]", help="The run; the latest where not given.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def named_once(argument: Path | None, option: Path | None) -> Path | None:
    """Return the run of verbs that take it in either way.

    Raises:
        UsageError: it is given twice.
    """
    if argument is not None and option is not None:
        raise UsageError(f"two runs are named: {argument} and --run {option}.", "Name one.")
    return option if argument is None else argument
