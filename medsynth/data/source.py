"""The bytes behind a name in a pair: a file's, or what the reader makes of a frame.

A name that is a file below the root is read as that file. Any other name is an address that
only the reader understands, such as `polyps.h5/masks/3`, and its bytes are those of
`array_bytes`: so hashes are of file contents or of pixels, never of a container.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from medsynth.core.errors import InputError
from medsynth.data.readers import READERS, FrameReader

ReadBytes = Callable[[str], bytes]
"""Name in a pair -> bytes; raises OSError or UnreadableError."""


def source(root: Path, reader: str) -> ReadBytes:
    """Return what reads the names of pairs that `reader` found below `root`."""

    def read(name: str) -> bytes:
        try:
            return (root / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            frames = _frame_reader(reader)
            if frames is None:
                raise
            return frames.read(root, name)

    return read


def _frame_reader(reader: str) -> type[FrameReader] | None:
    """Return the reader's class if it reads frames; readers of plain files have no `read`.

    Raises:
        InputError: the reader is that of a plugin which is not installed here.
    """
    from medsynth.data.layout import TOLD

    if reader == TOLD:
        return None
    if reader not in READERS.names():
        raise InputError(
            f"the data was read by '{reader}', a reader that is not installed here.",
            "Install the plugin that brings it; `medsynth plugins` lists what is there.",
        )
    found = READERS.get(reader)
    return found if issubclass(found, FrameReader) else None
