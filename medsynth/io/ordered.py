"""A function over many items by several threads, its results in the order of the items."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

WAITING_A_WORKER = 2
"""How many results may wait to be fetched for each worker; memory is bounded by them."""


def ordered_map(function: Callable[[A], B], items: Iterable[A], workers: int) -> Iterator[B]:
    """Yield `function(item)` in order; with one worker in this thread, when it is due.

    Threads do help where a function spends its time in decoding, compressing and files,
    which let other threads run. An error is raised where its result would have come.

    >>> list(ordered_map(str, range(4), workers=2))
    ['0', '1', '2', '3']
    """
    if workers == 1:
        yield from map(function, items)
        return
    waiting: deque[Future[B]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > workers * WAITING_A_WORKER:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # Without waiting: a generator that was left behind may be collected in a thread of this
        # very pool, which cannot wait for itself.
        pool.shutdown(wait=False, cancel_futures=True)
