"""Options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RunOption = Annotated[
    Path | None,
    typer.Option("--run", metavar="DIR", help="The run; the latest where not given."),
]
DeviceOption = Annotated[
    str | None,
    typer.Option("--device", metavar="D", help="cpu, cuda or mps; default: the best there is."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
