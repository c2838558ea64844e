"""An array as bytes that say its shape: what a reader hands over for a frame that is no file.

One line, `\\x93medsynth <dtype> <height> <width>[ <channels>]`, then the pixels in C order and
little-endian. The same pixels give the same bytes with every library version, so the hash of
the bytes is a hash of the pixels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.data.raster import UnreadableError, check_size

MAGIC = b"\x93medsynth "
DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")
LONGEST_LINE = 80


def array_bytes(pixels: NDArray[Any]) -> bytes:
    """Return an (H, W) or (H, W, 3) array of a type in `DTYPES` as bytes.

    >>> array_bytes(np.zeros((1, 2), np.uint8))
    b'\\x93medsynth uint8 1 2\\n\\x00\\x00'
    """
    kind = pixels.dtype.newbyteorder("<")
    assert kind.name in DTYPES, f"frames hold no {kind.name}"
    head = " ".join([kind.name, *map(str, pixels.shape)])
    return MAGIC + head.encode() + b"\n" + np.ascontiguousarray(pixels, kind).tobytes()


def parse_array(data: bytes) -> NDArray[Any]:
    """Return the array of `array_bytes`, read-only.

    Raises:
        UnreadableError: these bytes are not what `array_bytes` writes.
    """
    line, _, pixels = data[len(MAGIC) :].partition(b"\n")
    words = line[:LONGEST_LINE].decode("ascii", "replace").split()
    if len(words) not in (3, 4) or words[0] not in DTYPES or not all(map(str.isdigit, words[1:])):
        raise UnreadableError("it is damaged (it begins like a frame, but is none)")
    shape = tuple(int(word) for word in words[1:])
    check_size(shape[1], shape[0])
    kind = np.dtype(words[0]).newbyteorder("<")
    if math.prod(shape) * kind.itemsize != len(pixels):
        raise UnreadableError("it is damaged or truncated (a frame of another length)")
    return np.frombuffer(pixels, kind).reshape(shape)
