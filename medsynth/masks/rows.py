"""Rows of an array that grows: appended in blocks, never copied, little room unused."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

T = TypeVar("T", bound=np.generic)


class Rows(Generic[T]):
    """Equal rows, kept in blocks; doubling an array would take three times its size to do.

    Args:
        width: values a row.
        dtype: of the values.
        block: rows a block.
    """

    def __init__(self, width: int, dtype: DTypeLike, block: int = 4096) -> None:
        self._width = width
        self._dtype = np.dtype(dtype)
        self._block = block
        self._blocks: list[NDArray[Any]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes held, room for rows to come included."""
        return sum(block.nbytes for block in self._blocks)

    def append(self, row: Any) -> None:
        """Add a row at the end."""
        block, place = divmod(self._count, self._block)
        if not place:
            self._blocks.append(np.empty((self._block, self._width), self._dtype))
        self._blocks[block][place] = row
        self._count += 1

    def __getitem__(self, index: int) -> NDArray[T]:
        """Return row `index`, from 0."""
        row: NDArray[T] = self._blocks[index // self._block][index % self._block]
        return row

    def take(self, indices: NDArray[np.int64]) -> NDArray[T]:
        """Return (n, width): the rows at (n,) indices, in that order."""
        taken = np.empty((len(indices), self._width), self._dtype)
        blocks = indices // self._block
        for block in np.unique(blocks):
            here = blocks == block
            taken[here] = self._blocks[block][indices[here] % self._block]
        return taken

    def all(self) -> NDArray[T]:
        """Return a copy of all rows, (len, width)."""
        return self.take(np.arange(self._count))
