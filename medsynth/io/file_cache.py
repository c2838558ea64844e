"""What is dear to open, kept while its file stays as it is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class FileCache(Generic[T]):
    """The last few files as `opening` returns them; a file that changed is opened again.

    Args:
        opening: path -> what is kept; called by one thread at a time.
        most: how many are kept.
    """

    def __init__(self, opening: Callable[[Path], T], most: int = 2) -> None:
        self._opening = opening
        self._most = most
        self._kept: OrderedDict[tuple[Path, int, int], T] = OrderedDict()
        self._lock = Lock()

    def get(self, path: Path) -> T:
        """Return the file at `path`, opened.

        Raises:
            OSError: it is not there; and whatever `opening` raises.
        """
        about = path.stat()
        key = (path, about.st_mtime_ns, about.st_size)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = self._opening(path)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return self._kept[key]
