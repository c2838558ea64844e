"""Tar files of at most so many samples, without times and owners, so the bytes stay the same."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class TarShards:
    """Adds samples to `<stem>-000000.tar` and so on; got from `tar_shards`, which finishes it."""

    def __init__(self, stem: Path, most: int) -> None:
        self._stem = stem
        self._most = most
        self._count = 0
        self._file: tarfile.TarFile | None = None

    def add(self, members: Mapping[str, bytes]) -> None:
        """Add the members of one sample, one after the other."""
        if self._count % self._most == 0:
            self.close()
            path = f"{self._stem}-{self._count // self._most:06d}.tar"
            self._file = tarfile.open(path, "w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        assert self._file is not None
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            self._file.addfile(member, io.BytesIO(data))
        self._count += 1

    def close(self) -> None:
        """Finish the last shard."""
        if self._file is not None:
            self._file.close()


@contextmanager
def tar_shards(stem: Path, most: int) -> Iterator[TarShards]:
    """Yield shards to add to; the last one is finished on leaving."""
    shards = TarShards(stem, most)
    try:
        yield shards
    finally:
        shards.close()
