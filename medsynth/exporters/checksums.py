"""files.sha256: the SHA-256 of every file of an export, as `sha256sum -c` reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from medsynth.io.hashing import hash_file

NAME = "files.sha256"


def write_checksums(folder: Path) -> None:
    """Write files.sha256 into a folder in which all else is written."""
    with (folder / NAME).open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in _lines(folder))


def changed_files(folder: Path) -> list[str]:
    """Return the files that were added, changed or lost since `write_checksums`.

    Raises:
        OSError: a file cannot be read.
    """
    try:
        written = (folder / NAME).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return [NAME]
    unlike = set(filter(None, written.split("\n"))) ^ set(_lines(folder))
    return sorted({line.partition("  ")[2] for line in unlike})


def _lines(folder: Path) -> Iterator[str]:
    """Yield hash and path of each file, by path; files.sha256 itself is left out."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    for name in sorted(names):
        if name != NAME:
            yield f"{hash_file(folder / name)}  {name}"
