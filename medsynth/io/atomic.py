"""Atomic writes: temporary file, fsync, rename. A reader never sees half a file."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

TEMPORARY_PREFIX = ".medsynth-tmp-"


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that `path` holds either the old bytes or all of the new."""
    with open_atomic(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with "\\n" line ends, atomically."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically; keys keep their order, NaN is refused."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def open_atomic(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path`; on success it replaces `path`, on error it goes."""
    make_folder(path.parent)
    temporary = _temporary(path.parent)
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield the path of a file to write; on success it becomes `path`, on error it goes.

    For writers that want a path; see `open_atomic` for those that take a file.
    """
    make_folder(path.parent)
    folder = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=path.parent))
    try:
        yield folder / path.name
        with (folder / path.name).open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(folder / path.name, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sync_folder(path.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder that on success becomes `path`, and on error goes.

    `path` must not exist, or be empty.
    """
    make_folder(path.parent)
    temporary = _temporary(path.parent)
    try:
        temporary.mkdir()
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, so that their names are on the disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and new names in `folder` durable, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_leftovers(folder: Path, where: str = "") -> None:
    """Remove the temporary files and folders that a killed process left in `folder`.

    Args:
        folder: whoever calls holds the lock under which all is written there.
        where: directly in it; or "**/" for anywhere below it.
    """
    for path in list(folder.glob(f"{where}{TEMPORARY_PREFIX}*")):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _temporary(folder: Path) -> Path:
    """Return a new name there.

    What is made under it has the rights that the umask leaves. (Files of `tempfile` have none for
    others, and to ask for the umask is to set it, for every thread.)
    """
    return folder / f"{TEMPORARY_PREFIX}{uuid4().hex}"
