"""An append-only JSONL file that survives a kill: a row is there whole, or not at all.

Each line ends in its checksum, see `io.sealed_lines`.
"""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from medsynth.core.errors import InputError
from medsynth.io.atomic import make_folder, sync_folder
from medsynth.io.json_text import parse_json
from medsynth.io.sealed_lines import is_sealed, sealed, unsealed

CHUNK_BYTES = 1 << 22


class Journal:
    """JSON objects, one a line, in the order in which they were appended.

    What is there when the journal is opened is what a reader sees. A last line that was
    torn by a kill is not counted; it is cut off by `recover`, or by the first `append`,
    and never by a reader, who might have met another process in the midst of writing.
    Rows are read when asked for: memory is 8 bytes a row.

    Args:
        path: the file; it need not exist yet.
        starts: where its first rows start and the last of these ends, from whoever has kept
            them; they are believed, and what follows is searched for rows.
    """

    def __init__(self, path: Path, starts: array[int] | None = None) -> None:
        self.path = path
        self.starts = array("Q", [0]) if starts is None else starts
        """Byte offset of each row, and of the end."""
        size = self._scan()
        self.torn_bytes = size - self.starts[-1]
        """How many bytes of a torn last line follow the last whole row."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows in order.

        Raises:
            InputError: a line is damaged; the message has its number.
        """
        return self.since(0)

    def since(self, first: int) -> Iterator[dict[str, Any]]:
        """Yield the rows from row `first` on, counted from 0.

        Raises:
            InputError: a line is damaged; the message has its number.
        """
        if first >= len(self):
            return
        with self._opened() as file:
            file.seek(self.starts[first])
            for number in range(first + 1, len(self) + 1):
                yield self._parse(file.readline(), number)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return row `index`, from 0.

        Raises:
            InputError: the line is damaged.
            IndexError: there is no such row.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"{self.path} has {len(self)} rows, not {index + 1}")
        with self._opened() as file:
            file.seek(self.starts[index])
            return self._parse(file.readline(), index + 1)

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows at the end; when this returns they are on the disk.

        Raises:
            ValueError: a row holds what JSON cannot (NaN, for example); nothing is written.
            InputError: somebody else wrote to the file since it was opened.
        """
        if not rows:
            return
        lines = [_line(row) for row in rows]
        self.recover()
        is_new = not self.path.exists()
        make_folder(self.path.parent)
        self.torn_bytes = sum(map(len, lines))
        with self.path.open("ab") as file:
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_folder(self.path.parent)
        for line in lines:
            self.starts.append(self.starts[-1] + len(line))
        self.torn_bytes = 0

    def recover(self) -> int:
        """Cut off a torn last line; return how many bytes that were. For the writer alone.

        Raises:
            InputError: somebody else wrote to the file since it was opened; nothing is cut.
        """
        size = self.path.stat().st_size if self.path.exists() else 0
        torn = size - self.starts[-1]
        if not 0 <= torn <= self.torn_bytes:
            raise InputError(
                f"{self.path} was changed by another process since it was opened.",
                "Let one command at a time write to a run, and start this one again.",
            )
        if torn:
            with self.path.open("rb+") as file:
                file.truncate(self.starts[-1])
                os.fsync(file.fileno())
        self.torn_bytes = 0
        return torn

    def _scan(self) -> int:
        """Find the rows; return the file's size in bytes."""
        if not self.path.exists():
            return 0
        size = self.starts[-1]
        with self.path.open("rb") as file:
            file.seek(size)
            while chunk := file.read(CHUNK_BYTES):
                ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == ord("\n")) + (size + 1)
                self.starts.frombytes(ends.astype(np.uint64).tobytes())
                size += len(chunk)
        if len(self) and not self._last_is_whole():
            self.starts.pop()
        return size

    def _opened(self) -> IO[bytes]:
        try:
            return self.path.open("rb")
        except FileNotFoundError as error:
            raise InputError(
                f"{self.path} vanished while it was in use.",
                "Put it back, or mount its disk again, and run the same command again.",
            ) from error

    def _last_is_whole(self) -> bool:
        """Return whether the last line was not torn; a damaged one is told when it is read."""
        with self.path.open("rb") as file:
            file.seek(self.starts[-2])
            line = file.readline()
        if is_sealed(line):
            return True
        try:
            self._parse(line, len(self))
        except InputError:
            return False
        return True

    def _parse(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            row = parse_json(unsealed(line))
        except ValueError as error:
            raise InputError(
                f"{self.path}, line {number} is damaged: {error}.",
                "Restore the file from a copy, or delete that line to do without its row.",
            ) from error
        if not isinstance(row, dict):
            raise InputError(
                f"{self.path}, line {number} is not a JSON object.",
                "Restore the file from a copy, or delete that line to do without its row.",
            )
        return row


def _line(row: Mapping[str, Any]) -> bytes:
    text = json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return sealed(text.encode())
