"""Where images are made: what augment asks of an engine, and the engine of this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from medsynth.workflows.augment.synthesis import Outcome, Synthesis
from medsynth.workflows.augment.wanted import Wanted

Outcomes = Callable[[], list[Outcome]]
"""Waits for what became of each mask of a block, in the block's order."""


class Engine(Protocol):
    """Makes blocks; whoever asks plans them, keeps them in order and stores them.

    Outcomes depend on the block alone, not on the engine: each is made whole, by one process.
    """

    @property
    def ahead(self) -> int:
        """How many blocks are worth being begun beyond the one that is waited for."""

    def begin(self, block: Sequence[Wanted]) -> Outcomes:
        """Begin a block; outcomes are asked for once, in the order in which blocks were begun."""

    def __enter__(self) -> Engine: ...

    def __exit__(self, *_: object) -> None:
        """Let go of threads and workers."""


class LocalEngine:
    """Denoises a block while the one before is decoded and judged in a thread."""

    ahead = 1

    def __init__(self, synthesis: Synthesis) -> None:
        self._synthesis = synthesis
        self._thread = ThreadPoolExecutor(1, "medsynth-gates")

    def begin(self, block: Sequence[Wanted]) -> Outcomes:
        """Denoise a block; it is decoded and judged meanwhile, and asked for later."""
        attempt = self._synthesis.begin(block)
        found = self._thread.submit(self._synthesis.appraise, attempt)
        return lambda: self._synthesis.conclude(attempt, found.result())

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=True)
