"""Many files, durable together: synced by several threads, and their folders once a batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from medsynth.io.atomic import TEMPORARY_PREFIX, make_folder, sync_folder

MOST_THREADS = 16
Write = Callable[[Path, bytes], None]
"""Takes the path of a file and what it shall hold."""


@contextmanager
def file_batch() -> Iterator[Write]:
    """Yield a writer of files; on success they take their places, on error none that has not.

    A reader never sees half a file. On leaving, all of them are on the disk. No file stays
    open meanwhile, so a batch may be of any length. For one writer a folder at a time.
    """
    written: dict[Path, Path] = {}
    folders: set[Path] = set()

    def write(path: Path, data: bytes) -> None:
        folder = path.parent
        if folder not in folders:
            make_folder(folder)
            folders.add(folder)
        temporary = folder / f"{TEMPORARY_PREFIX}{path.name}"
        written[path] = temporary
        temporary.write_bytes(data)

    try:
        yield write
        _sync_all(list(written.values()))
        for path, temporary in written.items():
            os.replace(temporary, path)
    except BaseException:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)
        raise
    for folder in folders:
        sync_folder(folder)


def _sync_all(paths: Sequence[Path]) -> None:
    """Make files durable, several at a time: the system then writes its journal less often."""
    if paths:
        with ThreadPoolExecutor(min(MOST_THREADS, len(paths))) as pool:
            list(pool.map(sync_file, paths))


def sync_file(path: Path) -> None:
    """Make one file durable; it was closed, and the system may have written it meanwhile."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
