"""Counts as a reader wants them."""

from __future__ import annotations


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun.

    >>> counted(1, "image"), counted(2, "image"), counted(1200, "copy", "copies")
    ('1 image', '2 images', '1,200 copies')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
