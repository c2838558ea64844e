"""The synthesis of one run under way: blocks of masks in, samples in the store out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from medsynth.core.errors import InterruptedRunError, NothingAcceptableError
from medsynth.quality.gates.gate import GATES
from medsynth.store.samples import NewSample, SampleStore
from medsynth.store.writer import StoreWriter
from medsynth.workflows.synthesis import Attempt, Synthesis
from medsynth.workflows.wanted import MaskWork, Wanted

LEAST_ACCEPTANCE = 0.2
"""Accepted masks for each that is given up; with fewer, it is time to look into the matter."""
Report = Callable[[int, int, str], None]


@dataclass(eq=False)
class UnderWay:
    """A block whose images are denoised, and are being decoded and judged in a thread."""

    block: list[Wanted]
    attempt: Attempt
    found: Future[Any]


class Augmentation:
    """Makes the images of a work's masks until there are enough.

    While a block is decoded and judged the next is denoised, and the one before is written.

    Args:
        work: the masks.
        synthesis: makes images of them.
        store: where samples go; the caller holds the run's lock.
        batch: images a block.
        again: the command that goes on with it, for messages.
    """

    def __init__(
        self, work: MaskWork, synthesis: Synthesis, store: SampleStore, batch: int, again: str
    ) -> None:
        self.work = work
        self.synthesis = synthesis
        self.store = store
        self.batch = batch
        self.again = again
        self.accepted = store.count("accepted")
        self.given_up: Counter[str] = Counter()
        """Masks given up by this call, by the gate that refused their last image."""

    def make(self, numbers: Iterable[int], n: int, report: Report, stop: Callable[[], bool]) -> int:
        """Make blocks until the store has n accepted samples; return how many were made.

        Args:
            numbers: which blocks, in order.
            n: accepted samples that the store shall have.
            report: progress, in accepted samples.
            stop: whether to stop at the next block.

        Raises:
            InterruptedRunError: `stop` said so.
            NothingAcceptableError: hardly anything is accepted.
        """
        before = self.accepted
        waiting: UnderWay | None = None
        with ThreadPoolExecutor(1, "medsynth-gates") as thread, StoreWriter(self.store) as writer:

            def settle() -> None:
                nonlocal waiting
                if waiting is not None:
                    self._settle(waiting, n, writer, report)
                waiting = None

            for number in numbers:
                if waiting and (self.work.waits or self._promised(waiting) >= n):
                    settle()
                    writer.flush()
                if self.accepted >= n:
                    break
                self._refuse_collapse()
                block = self.work.block(number)
                if all(self._is_settled(wanted) for wanted in block):
                    continue
                if stop():
                    settle()
                    raise self._interrupted(n)
                attempt = self.synthesis.begin(block)
                found = thread.submit(self.synthesis.appraise, attempt)
                settle()
                waiting = UnderWay(block, attempt, found)
            settle()
        return self.accepted - before

    def _is_settled(self, wanted: Wanted) -> bool:
        return self.store.settled(wanted.index)

    def _promised(self, waiting: UnderWay) -> int:
        """Return how many samples there may be once a block is settled."""
        return self.accepted + sum(not self._is_settled(wanted) for wanted in waiting.block)

    def _settle(self, waiting: UnderWay, n: int, writer: StoreWriter, report: Report) -> None:
        """Keep what the store lacks of a block; blocks are made whole all the same."""
        outcomes = self.synthesis.conclude(waiting.attempt, waiting.found.result())
        items = []
        for wanted, outcome in zip(waiting.block, outcomes, strict=True):
            if self._is_settled(wanted) or self.accepted >= n:
                continue
            items.append(outcome)
            if isinstance(outcome, NewSample):
                self.accepted += 1
            else:
                self.given_up[outcome.reason] += 1
        writer.add(items)
        report(self.accepted, n, "")

    def _interrupted(self, n: int) -> InterruptedRunError:
        return InterruptedRunError(
            f"stopped with {self.accepted} of {n} samples.", f"Go on with it: {self.again}"
        )

    def _refuse_collapse(self) -> None:
        given_up = self.given_up.total()
        if given_up < 2 * self.batch or self.accepted >= LEAST_ACCEPTANCE * given_up:
            return
        complaints = ", ".join(
            f"{count} {GATES.get(gate).complaint}" for gate, count in self.given_up.most_common()
        )
        raise NothingAcceptableError(
            f"only {self.accepted} of {self.accepted + given_up} masks got an acceptable image; "
            f"of the last images made for the others, {complaints}.",
            "The fit may be far too short: look at its grids and fit longer. To look at the "
            "images all the same: --set gates.mode=score.",
        )
