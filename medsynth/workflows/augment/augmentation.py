"""The synthesis of one run under way: blocks of masks in, samples in the store out."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from medsynth.core.errors import InterruptedRunError, NothingAcceptableError
from medsynth.core.words import counted
from medsynth.quality.gates.gate import GATES
from medsynth.store.items import NewSample
from medsynth.store.samples import SampleStore
from medsynth.store.writer import StoreWriter
from medsynth.workflows.augment.engine import Engine, Outcomes
from medsynth.workflows.augment.wanted import MaskWork, Wanted

LEAST_ACCEPTANCE = 0.2
"""Accepted masks for each that is given up; with fewer, it is time to look into the matter."""
Report = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class UnderWay:
    """A block that an engine has begun."""

    block: list[Wanted]
    outcomes: Outcomes


class Augmentation:
    """Makes the images of a work's masks until there are enough.

    Blocks are begun ahead and settled in order; while one is made, those before are written.

    Args:
        work: the masks.
        engine: makes images of them.
        store: where samples go; the caller holds its lock.
        batch: images a block.
        again: the command that goes on with it, for messages.
    """

    def __init__(
        self, work: MaskWork, engine: Engine, store: SampleStore, batch: int, again: str
    ) -> None:
        self.work = work
        self.engine = engine
        self.store = store
        self.batch = batch
        self.again = again
        self.accepted = store.count("accepted")
        self.given_up: Counter[str] = Counter()
        """Masks given up by this call, by the gate that refused their last image."""
        self._under_way: deque[UnderWay] = deque()

    def make(
        self, numbers: Iterable[int], n: int | None, report: Report, stop: Callable[[], bool]
    ) -> int:
        """Make blocks until the store has n accepted samples; return how many were made.

        Args:
            numbers: which blocks, in order.
            n: accepted samples that the store shall have; None for all of these blocks.
            report: progress, in accepted samples; once a block.
            stop: whether to stop at the next block.

        Raises:
            InterruptedRunError: `stop` said so.
            NothingAcceptableError: hardly anything is accepted.
        """
        before = self.accepted
        with self.engine, StoreWriter(self.store) as writer:
            for number in numbers:
                while self._under_way and (self.work.waits or self._may_suffice(n)):
                    self._settle(n, writer, report)
                    writer.flush()
                if n is not None and self.accepted >= n:
                    break
                self._refuse_collapse()
                block = self.work.block(number)
                if all(self._is_settled(wanted) for wanted in block):
                    continue
                if stop():
                    self._settle_all(n, writer, report)
                    raise self._interrupted(n)
                self._under_way.append(UnderWay(block, self.engine.begin(block)))
                while len(self._under_way) > self.engine.ahead:
                    self._settle(n, writer, report)
            self._settle_all(n, writer, report)
        return self.accepted - before

    def _is_settled(self, wanted: Wanted) -> bool:
        return self.store.settled(wanted.index)

    def _may_suffice(self, n: int | None) -> bool:
        """Return whether the blocks under way may bring all that is asked for."""
        if n is None:
            return False
        blocks = (each.block for each in self._under_way)
        promised = sum(not self._is_settled(wanted) for block in blocks for wanted in block)
        return self.accepted + promised >= n

    def _settle_all(self, n: int | None, writer: StoreWriter, report: Report) -> None:
        while self._under_way:
            self._settle(n, writer, report)

    def _settle(self, n: int | None, writer: StoreWriter, report: Report) -> None:
        """Keep what the store lacks of the oldest block; blocks are made whole all the same."""
        oldest = self._under_way.popleft()
        items = []
        for wanted, outcome in zip(oldest.block, oldest.outcomes(), strict=True):
            if self._is_settled(wanted) or (n is not None and self.accepted >= n):
                continue
            items.append(outcome)
            if isinstance(outcome, NewSample):
                self.accepted += 1
            else:
                self.given_up[outcome.reason] += 1
        writer.add(items)
        report(self.accepted, n or 0, "")

    def _interrupted(self, n: int | None) -> InterruptedRunError:
        made = counted(self.accepted, "sample") if n is None else f"{self.accepted} of {n} samples"
        return InterruptedRunError(f"stopped with {made}.", f"Go on with it: {self.again}")

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
