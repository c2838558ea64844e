"""A JSON object as a line that ends in its own checksum, so that damage is noticed.

A flipped bit often leaves JSON that is still JSON. Lines without a checksum, of older versions
or written by hand, are read as they are.
"""

from __future__ import annotations

import re
import zlib

SEAL = re.compile(rb',?"crc32":"([0-9a-f]{8})"}\n?$')


def sealed(text: bytes) -> bytes:
    r"""Return a JSON object as a line, with its checksum for its last value.

    >>> sealed(b'{"id":7}')
    b'{"id":7,"crc32":"12075f43"}\n'
    """
    comma = b"," if len(text) > len("{}") else b""
    return b'%b%b"crc32":"%08x"}\n' % (text[:-1], comma, zlib.crc32(text))


def is_sealed(line: bytes) -> bool:
    """Return whether a line ends in a checksum, be it right or wrong: it was not cut short."""
    return SEAL.search(line) is not None


def unsealed(line: bytes) -> bytes:
    """Return the object as it was before it got its checksum.

    Raises:
        ValueError: the checksum is another.
    """
    seal = SEAL.search(line)
    if seal is None:
        return line
    text = line[: seal.start()] + b"}"
    if zlib.crc32(text) != int(seal[1], 16):
        raise ValueError("its checksum is another")
    return text
