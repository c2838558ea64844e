"""One JSON object with long lists, written as they come: memory does not grow with them."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

Lists = Mapping[str, "GrowingList"]


class GrowingList:
    """A JSON list that lies in a spool file while it grows."""

    def __init__(self, spool: IO[bytes]) -> None:
        self.spool = spool
        self.count = 0

    def append(self, value: Any) -> None:
        """Add one value; NaN is refused."""
        self.spool.write((",\n" if self.count else "\n").encode() + _text(value).encode())
        self.count += 1


@contextmanager
def json_lists(path: Path, head: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Lists]:
    """Yield name -> list to append to; on leaving, write `{**head, **lists}` to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        lists = {
            name: GrowingList(stack.enter_context(tempfile.TemporaryFile(dir=path.parent)))
            for name in names
        }
        yield lists
        with path.open("wb") as file:
            file.write(b"{")
            for key, value in head.items():
                file.write(f"{_text(key)}: {_text(value)},\n".encode())
            for index, (name, items) in enumerate(lists.items()):
                file.write(("," * bool(index) + f"{_text(name)}: [").encode())
                items.spool.seek(0)
                shutil.copyfileobj(items.spool, file)
                file.write(b"\n]")
            file.write(b"}\n")


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
