"""A folder that is whole or not there: written beside its place, then renamed into it.

Between the two renames that replace an old folder a crash can leave neither in place; the
old one then stands beside it and the next export puts it back (`clean_up`).
"""

from __future__ import annotations

import os
import platform
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from medsynth.core.errors import InputError
from medsynth.io.atomic import make_folder, sync_folder
from medsynth.io.file_batch import MOST_THREADS, sync_file
from medsynth.io.hashing import hash_bytes
from medsynth.io.ordered import ordered_map

PREFIX = ".medsynth-export-"
NEW, OLD = "new", "old"


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Hold the place `out` for writing; the system frees it when the process dies.

    The lock is a file of this user in the machine's temporary folder, so that nothing is
    left beside `out`.

    Raises:
        InputError: another process of this machine writes there now.
    """
    user = getattr(os, "getuid", lambda: 0)()
    name = f"medsynth-export-{user}-{hash_bytes(str(out.resolve()).encode())[:16]}.lock"
    path = Path(tempfile.gettempdir()) / name
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(
            f"another export is being written to {out}.", "Wait for it to end, or choose --out."
        ) from error
    try:
        clean_up(out)
        yield
    finally:
        if os.name == "posix":  # while held: filelock takes no file that has gone since
            path.unlink(missing_ok=True)
        lock.release()


@contextmanager
def replaced(out: Path) -> Iterator[Path]:
    """Yield a new empty folder beside `out`; on success it takes that place, else it goes.

    Call it only while `out` is `held`.

    Raises:
        InputError: no folder can be made there.
    """
    new, old = _beside(out, NEW), _beside(out, OLD)
    try:
        make_folder(out.parent)
        new.mkdir()
    except FileNotFoundError as error:  # as in /proc, which is there and takes no folder
        raise InputError(
            f"no folder can be made in {out.parent}: {error.strerror}.",
            "Choose another place to write to: --out DIR",
        ) from error
    try:
        yield new
        _sync(new)
        if out.exists():
            os.rename(out, old)
        try:
            os.rename(new, out)
        except BaseException:
            if old.exists():
                os.rename(old, out)
            raise
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    sync_folder(out.parent)
    shutil.rmtree(old, ignore_errors=True)


def clean_up(out: Path) -> None:
    """Remove what dead exports of this machine left beside `out`; put an old folder back."""
    if not out.parent.is_dir():
        return
    ours = re.compile(re.escape(_stem(out)) + f"({NEW}|{OLD})-[0-9a-f]{{8}}")
    for path in sorted(out.parent.glob(PREFIX + "*")):
        match = ours.fullmatch(path.name)
        if match and match[1] == OLD and not out.exists():
            os.rename(path, out)
        elif match:
            shutil.rmtree(path, ignore_errors=True)


def _beside(out: Path, kind: str) -> Path:
    return out.parent / f"{_stem(out)}{kind}-{secrets.token_hex(4)}"


def _stem(out: Path) -> str:
    machine = re.sub(r"[^A-Za-z0-9]+", "-", platform.node()) or "machine"
    return f"{PREFIX}{out.name}-{machine}-"


def _sync(folder: Path) -> None:
    """Make every file below `folder` durable, several at a time, and then the folders."""
    folders = [folder]

    def files() -> Iterator[Path]:
        for path in folder.rglob("*"):
            if path.is_dir():
                folders.append(path)
            else:
                yield path

    for _ in ordered_map(sync_file, files(), MOST_THREADS):
        pass
    for each in reversed(folders):
        sync_folder(each)
