"""What an HDF5 export says of its rows, read in a process of its own.

A few flipped bits send the HDF5 library round in circles for ever, or make it crash; nothing in the
same process can stop it. So a child opens the file first, and is given LIMIT_S.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py

from medsynth.io.json_text import parse_json

FORMAT = "medsynth-hdf5"
COLUMNS = ("ids", "split", "origin", "group")
WRONG = (OSError, RuntimeError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError)
"""What h5py raises for damaged files, and what comes of values of other types."""
LIMIT_S = 120
"""A million rows took 4 s."""


@dataclass(frozen=True)
class Table:
    """columns: the texts of COLUMNS, a row each. classes: names by id. numbered: has instances."""

    columns: dict[str, list[str]]
    classes: dict[int, str]
    numbered: bool


def read_table(path: Path) -> Table:
    """Read a file's table in a process of its own.

    Raises:
        ValueError: the file is no export, or is damaged; the message says how.
    """
    here = [str(Path(__file__).parents[3]), *filter(None, sys.path)]
    command = [sys.executable, "-P", "-m", __name__, str(path.absolute())]
    try:
        ended = subprocess.run(  # noqa: S603 -- our own module, and a path as its argument
            command,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(here)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"it cannot be read within {LIMIT_S} s: it is damaged") from error
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ValueError(f"it cannot be read: {said or 'the HDF5 library breaks down'}")
    found = json.loads(ended.stdout)
    if "wrong" in found:
        raise ValueError(found["wrong"])
    classes = {int(key): name for key, name in found["classes"].items()}
    return Table(found["columns"], classes, found["numbered"])


def _table(path: Path) -> Table:
    """Read it here; the errors say what is wrong."""
    with h5py.File(path, "r") as file:
        if file.attrs.get("format") != FORMAT:
            raise ValueError(f"its attribute `format` is not {FORMAT}")
        missing = [name for name in ("images", "masks", *COLUMNS) if name not in file]
        if missing:
            raise ValueError(f"it has no {', '.join(missing)}")
        lengths = {name: len(file[name]) for name in ("images", "masks", *COLUMNS)}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"its arrays differ in length: {lengths}")
        columns = {name: [text.decode() for text in file[name][:]] for name in COLUMNS}
        classes = {int(c["id"]): str(c["name"]) for c in parse_json(file.attrs["classes"])}
        return Table(columns, classes, "instances" in file)


def main() -> None:
    """Print a file's table as JSON, or what is wrong with it."""
    try:
        said: dict[str, object] = asdict(_table(Path(sys.argv[1])))
    except WRONG as error:
        said = {"wrong": str(error).strip("'")}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
