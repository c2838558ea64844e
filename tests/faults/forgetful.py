"""A disk that forgets: what a power cut leaves at any moment, by the letter of POSIX.

Of a file there is what it held when it was last synced. Of a name there is what its folder held
when that was last synced, or what it holds now: both are written down at every sync, rename and
removal, for a system may, and need not, write names earlier than it is asked to.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any
from unittest.mock import patch

CHANGES = ("replace", "rename", "unlink", "rmdir")
Left = dict[str, bytes | None]
"""What a power cut leaves: bytes by the file's name; None for a folder."""
Names = dict[int, dict[str, tuple[int, bool]]]
"""By a folder's inode: the inode behind each name in it, and whether that is a folder."""


class ForgetfulDisk:
    """Watches a folder while something is written there; use `watching`.

    lefts: what each moment would have left, as (how, files), each once, in order.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lefts: list[tuple[str, Left]] = []
        self._synced: dict[int, bytes] = {}
        self._held: dict[int, int] = {}
        self._names: Names = {}
        self._lock = RLock()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch; all that is there at the beginning is on the disk."""
        for path in (self.root, *self.root.rglob("*")):
            handle = os.open(path, os.O_RDONLY)
            self._sync(handle)
            os.close(handle)
        fsync = os.fsync

        def synced(handle: int) -> None:
            fsync(handle)
            with self._lock:
                self._sync(handle)
                self._note("fsync")

        changes = {name: self._noted(getattr(os, name)) for name in CHANGES}
        try:
            with patch.multiple(os, fsync=synced, **changes):
                yield
        finally:
            for handle in self._held.values():
                os.close(handle)

    def _noted(self, change: Callable[..., None]) -> Callable[..., None]:
        def noted(*arguments: Any, **options: Any) -> None:
            with self._lock:
                change(*arguments, **options)
                self._note(change.__name__)

        return noted

    def _sync(self, handle: int) -> None:
        number = os.fstat(handle).st_ino
        if number not in self._held:
            self._held[number] = os.dup(handle)  # or its number would be given away again
        place = f"/proc/self/fd/{handle}"
        if os.path.isdir(place):
            self._names[number] = {entry.name: _about(entry) for entry in os.scandir(place)}
        else:
            with open(place, "rb") as file:
                self._synced[number] = file.read()

    def _note(self, how: str) -> None:
        self._add(f"{how}, names as synced", self._names)
        folders = [self.root, *(path for path in self.root.rglob("*") if path.is_dir())]
        self._add(
            f"{how}, names as they are",
            {
                path.stat().st_ino: {entry.name: _about(entry) for entry in os.scandir(path)}
                for path in folders
            },
        )

    def _add(self, how: str, names: Names) -> None:
        left = dict(self._below(self.root.stat().st_ino, "", names))
        if not self.lefts or self.lefts[-1][1] != left:
            self.lefts.append((f"{len(self.lefts)}: {how}", left))

    def _below(self, folder: int, head: str, names: Names) -> Iterator[tuple[str, bytes | None]]:
        for name, (number, is_folder) in sorted(names.get(folder, {}).items()):
            if is_folder:
                yield head + name, None
                yield from self._below(number, f"{head}{name}/", names)
            else:
                yield head + name, self._synced.get(number, b"")


def _about(entry: os.DirEntry[str]) -> tuple[int, bool]:
    return entry.inode(), entry.is_dir()


def lay_out(left: Left, folder: Path) -> Path:
    """Write what is left into a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in left.items():
        if data is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(data)
    return folder
