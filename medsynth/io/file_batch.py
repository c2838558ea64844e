"""Many files, durable together: their folders are synced once a batch, not once a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from medsynth.io.atomic import TEMPORARY_PREFIX, file_mode, sync_folder

MOST_THREADS = 16
Write = Callable[[Path, bytes], None]
"""Takes the path of a file and what it shall hold."""


@contextmanager
def file_batch() -> Iterator[Write]:
    """Yield a writer of files; on success they take their places, on error none that has not.

    A reader never sees half a file. On leaving, all of them are on the disk. No file stays
    open meanwhile, so a batch may be of any length.
    """
    written: list[tuple[Path, Path]] = []

    def write(path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=path.parent)
        written.append((Path(name), path))
        with os.fdopen(handle, "wb") as file:
            file.write(data)

    try:
        yield write
        _sync_all([temporary for temporary, _ in written])
        mode = file_mode()
        for temporary, path in written:
            os.chmod(temporary, mode)
            os.replace(temporary, path)
    except BaseException:
        for temporary, _ in written:
            temporary.unlink(missing_ok=True)
        raise
    for folder in {path.parent for _, path in written}:
        sync_folder(folder)


def _sync_all(paths: Sequence[Path]) -> None:
    """Make files durable, several at a time: the system then writes its journal less often."""
    if paths:
        with ThreadPoolExecutor(min(MOST_THREADS, len(paths))) as pool:
            list(pool.map(_sync, paths))


def _sync(path: Path) -> None:
    """Make one file durable; it was closed, and the system may have written it meanwhile."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
