"""Writing samples behind the back of whoever makes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from medsynth.store.samples import GivenUp, NewSample, SampleStore

MOST_PENDING = 2
"""Batches that may wait to be written; so memory stays flat where the disk is slow."""


class StoreWriter:
    """Encodes and writes samples in one thread of its own, in the order in which they come.

    Leaving its `with` block waits for the disk, also after an error, and raises what went wrong
    while writing.

    Args:
        store: nobody else adds to it meanwhile.
    """

    def __init__(self, store: SampleStore) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, "medsynth-store")
        self._pending: deque[Future[Any]] = deque()

    def add(self, items: Sequence[NewSample | GivenUp]) -> None:
        """Hand over samples; raises what an earlier batch met, as `SampleStore.add` does."""
        while len(self._pending) >= MOST_PENDING:
            self._pending.popleft().result()
        self._pending.append(self._thread.submit(self._store.add, items))

    def flush(self) -> None:
        """Wait until all samples are on the disk; raises as `add`."""
        while self._pending:
            self._pending.popleft().result()

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._thread.shutdown(wait=True)
        if kind is None:
            self.flush()
