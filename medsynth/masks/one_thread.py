"""OpenCV on one thread: windows of masks are too small to share.

Its pool's idle threads spin, which costs a third of a core's time and gains nothing; many
masks are better shared among processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep OpenCV to the calling thread meanwhile."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
