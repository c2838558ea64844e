"""A file whose first error waits until the writer is done.

HDF5 cannot be told of a full disk: when its last writes fail, closing fails too, and then the
process may crash. Here writes that fail are kept back, so that the library closes in peace, and
the error is raised after.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import Any


class _Patient(RawIOBase):
    """A raw file that remembers its first error, and after it swallows what is written."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("w+b", buffering=0)
        self._at = 0
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        if self.error is None:
            try:
                written = 0
                while written < size:
                    written += self._file.write(memoryview(data).cast("B")[written:])
            except OSError as error:
                self.error = error
        self._at += size
        return size

    def readinto(self, buffer: Any) -> int:
        if self.error is None:
            self._file.seek(self._at)
            count = self._file.readinto(buffer) or 0
        else:
            count = 0
        missing = memoryview(buffer).nbytes - count
        memoryview(buffer).cast("B")[count:] = bytes(missing)
        self._at += count + missing
        return count + missing

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 2:
            offset += self._file.seek(0, 2)
        elif whence == 1:
            offset += self._at
        self._at = offset
        if self.error is None:
            self._file.seek(offset)
        return offset

    def tell(self) -> int:
        return self._at

    def truncate(self, size: int | None = None) -> int:
        size = self._at if size is None else size
        if self.error is None:
            try:
                self._file.truncate(size)
            except OSError as error:
                self.error = error
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def late_error(path: Path) -> Iterator[RawIOBase]:
    """Open `path` for writing by a library that cannot be told of errors.

    Raises:
        OSError: on leaving, the first error there was.
    """
    file = _Patient(path)
    try:
        yield file
    finally:
        file.close()
        if file.error is not None:
            raise file.error
