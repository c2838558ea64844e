"""The mask plan: which masks, in order, decided before any image is made.

Entry k depends on the seed, k, the source masks and the options, and on the entries before
it: no mask comes twice or nearly so, and a balance is kept. So a plan of 200 begins with
the plan of 100.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import InputError, NothingAcceptableError
from medsynth.core.keys import key_of
from medsynth.core.seeds import derive_seed, generator
from medsynth.core.types import Mask
from medsynth.masks.acceptance import Acceptance, Judged
from medsynth.masks.fingerprint import mask_sha256
from medsynth.masks.nesting import nesting_of
from medsynth.masks.one_thread import one_thread
from medsynth.masks.options import MaskOptions
from medsynth.masks.perturbation import DrawContext, Step
from medsynth.masks.plan_entry import PlanEntry
from medsynth.masks.policy import Policy
from medsynth.masks.signature import Signature
from medsynth.masks.source_check import check_source
from medsynth.masks.source_choice import SourceChoice


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """An entry of the plan with its mask, and the mask's (d,) features in the profile."""

    entry: PlanEntry
    mask: Mask
    features: NDArray[np.float64]


def plan_length(n: int, options: MaskOptions) -> int:
    """Return how many entries to plan for n accepted samples: n and the reserve."""
    return n + ceil(n * options.reserve_fraction)


def extend_plan(
    entries: Iterable[PlanEntry],
    n: int,
    sources: Mapping[str, Mask],
    options: MaskOptions,
    seed: int,
) -> Iterator[PlanEntry]:
    """Yield the entries that the plan lacks to have n; see `Planner`.

    Raises:
        InputError: there is no source mask to plan from, or `entries` has a gap.
    """
    planner = Planner(sources, options, seed, entries)
    return (planned.entry for planned in planner.until(n))


class Planner:
    """A plan under way: it knows what was planned, and plans on.

    What it keeps of each entry are some 150 bytes, see `masks.planned_masks`.

    Args:
        sources: source masks by id, all read once; getting one may read a file. Their order
            does not matter.
        options: the mask policy.
        seed: the run's seed.
        entries: the plan so far, in order; read once.

    Raises:
        InputError: there is no source mask to plan from, one is no mask, or `entries` has a
            gap.
        UsageError: an operator is not known, or the balance asks for what is not there.
    """

    def __init__(
        self,
        sources: Mapping[str, Mask],
        options: MaskOptions,
        seed: int,
        entries: Iterable[PlanEntry] = (),
    ) -> None:
        for key in sources:
            check_source(key, sources[key])
        self.sources = sources
        self.options = options
        self.seed = seed
        self.source_ids = sorted(sources)
        self.acceptance = Acceptance(sources, options)
        looks = self.acceptance.looks
        filled = {key: bool(look.classes) for key, look in looks.items()}
        with_objects = [key for key in self.source_ids if filled[key]]
        kinds = {key: self.acceptance.kinds(look, sources[key]) for key, look in looks.items()}
        self.choice = SourceChoice(filled, kinds, options, seed)
        self.policy = Policy(options.policy if with_objects else (), len(with_objects))
        self.nested = nesting_of(options.nested, (sources[key] for key in with_objects))
        self.length = 0
        for entry in entries:
            self._take_up(entry)

    def until(self, n: int) -> Iterator[Planned]:
        """Yield what the plan lacks to have n entries.

        Raises:
            NothingAcceptableError: a mask is not believable and `on_implausible` is "stop".
        """
        while self.length < n:
            yield self.next()

    def next(self) -> Planned:
        """Plan the next entry; raises as `until`."""
        index = self.length
        source, wanted = self.choice.next(index)
        if not self.acceptance.looks[source].classes:
            planned = self._negative(index, source)
        else:
            with one_thread():
                planned = self._drawn(index, source, wanted)
        self._take_up(planned.entry)
        return planned

    def _take_up(self, entry: PlanEntry) -> None:
        if entry.index != self.length:
            raise InputError(
                f"the mask plan has entry {entry.index} where {self.length} should be.",
                "The plan was edited; plan anew in a new run.",
            )
        signature = Signature.from_text(entry.signature) if entry.signature else None
        self.acceptance.novelty.take(entry.mask_sha256, signature)
        self.choice.take(entry.kinds, entry.source)
        self.length += 1

    def _drawn(self, index: int, source: str, wanted: str | None) -> Planned:
        """Return an entry that is drawn again while it has a flaw, and draws are left."""
        redrawn: list[str] = []
        best: tuple[Judged, tuple[Step, ...]] | None = None
        for attempt in range(self.options.max_redraws + 1):
            luck = derive_seed(self.seed, "plan-luck", index, attempt) / 2**63
            steps, mask = self._draw(index, attempt, source, luck)
            judged = self.acceptance.judge(mask, source, wanted, luck)
            if best is None or is_better(judged, best[0]):
                best = judged, steps
            if judged.flaw is None:
                break
            redrawn.append(judged.flaw.reason)
        assert best is not None
        self._refuse_unbelievable(index, source, best[0])
        return self._entry(index, source, best[1], tuple(redrawn), best[0])

    def _entry(
        self,
        index: int,
        source: str,
        steps: tuple[Step, ...],
        redrawn: tuple[str, ...],
        judged: Judged,
    ) -> Planned:
        entry = PlanEntry(
            index,
            key_of(index),
            source,
            steps,
            judged.sha256,
            redrawn,
            judged.flaw.reason if judged.flaw else None,
            judged.signature.to_text() if judged.signature else "",
            judged.kinds,
        )
        return Planned(entry, judged.mask, judged.look.features)

    def _refuse_unbelievable(self, index: int, source: str, judged: Judged) -> None:
        flaw = judged.flaw
        if flaw is None or not flaw.is_unbelievable or self.options.on_implausible == "keep":
            return
        raise NothingAcceptableError(
            f"no believable mask in {self.options.max_redraws + 1} draws from '{source}' "
            f"({key_of(index)}); the least bad breaks a rule: {flaw.reason} ({flaw.detail}).",
            "Weaken the operators, raise masks.plausible_tolerance or masks.max_redraws, or set "
            "masks.on_implausible=keep.",
        )

    def _negative(self, index: int, source: str) -> Planned:
        """Return an empty mask; all of a size are equal, so it may come again and again."""
        mask = self.sources[source]
        entry = PlanEntry(index, key_of(index), source, (), mask_sha256(mask))
        return Planned(entry, mask, self.acceptance.looks[source].features)

    def _draw(
        self, index: int, attempt: int, source: str, luck: float
    ) -> tuple[tuple[Step, ...], Mask]:
        rng = generator(self.seed, "plan", index, attempt)
        context = DrawContext(
            self.sources[source],
            source,
            self.sources,
            self.source_ids,
            self.nested,
            self.acceptance.most_objects(source, luck),
        )
        return self.policy.draw(rng, context, self.acceptance.placement(source))


def is_better(judged: Judged, than: Judged) -> bool:
    """Return whether a mask's flaw is less bad than another's; without flaw is best."""
    if judged.flaw is None or than.flaw is None:
        return judged.flaw is None and than.flaw is not None
    return judged.flaw < than.flaw
