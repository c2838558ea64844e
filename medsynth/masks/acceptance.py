"""Which drawn masks are refused, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log2

from medsynth.core.types import Mask
from medsynth.core.words import counted
from medsynth.masks.count_shares import CountShares
from medsynth.masks.features import Look
from medsynth.masks.fingerprint import mask_sha256
from medsynth.masks.flaws import (
    CLASS_LOST,
    CLASS_LOST_BADNESS,
    IMPLAUSIBLE,
    IMPLAUSIBLE_BADNESS,
    NOT_WANTED,
    NOT_WANTED_BADNESS,
    RARE_COUNT,
    VANISHED,
    Flaw,
)
from medsynth.masks.novelty import Novelty
from medsynth.masks.options import MaskOptions
from medsynth.masks.placement import Placement
from medsynth.masks.plan_entry import PlanEntry
from medsynth.masks.plausibility import Breach, rules_of
from medsynth.masks.profile import profile_of
from medsynth.masks.signature import Signature, signature_of
from medsynth.masks.strata import Strata

MOST_ADDED = 100
"""Objects; no operator of the core adds more."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A drawn mask and what is wrong with it, if anything.

    sha256: see `mask_sha256`. signature: None for empty masks. kinds: what a balance counts it as.
    """

    mask: Mask
    sha256: str
    flaw: Flaw | None
    look: Look
    signature: Signature | None
    kinds: tuple[str, ...]


class Acceptance:
    """Judges drawn masks by the training masks and by those planned before.

    Args:
        sources: all source masks by id; each is read.
        options: what is asked of a mask.
    """

    def __init__(self, sources: Mapping[str, Mask], options: MaskOptions) -> None:
        self.options = options
        keys = sorted(sources)
        self.profile, looks = profile_of([sources[key] for key in keys])
        self.looks = dict(zip(keys, looks, strict=True))
        self._rules = self._counts = self._strata = None
        full = {key: look for key, look in self.looks.items() if look.classes}
        balance = options.balance
        if options.plausibility == "on" and full:
            quantile, tolerance = options.plausible_quantile, options.plausible_tolerance
            self._rules = rules_of(self.profile, quantile, tolerance)
            if balance is None or balance.by != "count":
                self._counts = CountShares(look.objects.count for look in full.values())
        if balance is not None:
            sizes = [sources[key].labels.size for key in full]
            self._strata = Strata(balance.by, list(full.values()), sizes)
        single_class = self.profile.class_ids in ((), (1,))
        self.novelty = Novelty(sources, self.looks, single_class, options)

    def kinds(self, look: Look, mask: Mask) -> tuple[str, ...]:
        """Return what a balance counts a mask as."""
        return () if self._strata is None else self._strata.of(look, mask.labels.size)

    def placement(self, source: str) -> Placement | None:
        """Return where foreground may lie that comes from a source; None: anywhere."""
        return Placement(self._rules, self.looks[source].features) if self._rules else None

    def most_objects(self, source: str, luck: float) -> int | None:
        """Return how many objects a mask may have that comes from a source; None: any number.

        What has more, by one or two, would not be taken with this luck; see `judge`.
        """
        if self._rules is None:
            return None
        was = self.looks[source]
        count = before = was.objects.count
        most = self._rules.bounds(was.features)[1][self.profile.names.index("object count")]
        while count < before + MOST_ADDED and log2(2 + count) <= most:
            if self._counts is not None and luck >= self._counts.chance(count + 1, before):
                break
            count += 1
        return count

    def judge(
        self, mask: Mask, source: str, wanted: str | None = None, luck: float = 0.0
    ) -> Judged:
        """Return a mask with its worst flaw.

        Lost foreground is worst, the worse the more was lost; then a lost class, then a
        rule that is broken by far; then an equal mask, then a rule that is broken slightly.
        A mask that is only like another is less bad, for its image will be new.

        Args:
            mask: as it was drawn.
            source: id of the source mask.
            wanted: the kind that the balance asks for.
            luck: a number drawn evenly from 0 to 1; rare numbers of objects need a low one.
        """
        look = self.profile.look(mask)
        kinds = self.kinds(look, mask)
        signature = signature_of(mask, look.moments) if look.classes else None
        flaws = [self._lost(look, source), self._implausible(look, source, luck)]
        if wanted is not None and wanted not in kinds:
            detail = f"{', '.join(kinds)} in place of {wanted}"
            flaws.append(Flaw(NOT_WANTED_BADNESS, NOT_WANTED, detail))
        flaw = max((flaw for flaw in flaws if flaw), default=None)
        sha256 = mask_sha256(mask)
        copy = self.novelty.flaw(mask, sha256, look, signature, flaw.badness if flaw else -1.0)
        return Judged(mask, sha256, copy or flaw, look, signature, kinds)

    def likeness(self, mask: Mask) -> float:
        """Return the IoU with the most similar training mask, once aligned and flipped."""
        look = self.profile.look(mask)
        if not look.classes:
            return 0.0
        return self.novelty.likeness(mask, look, signature_of(mask, look.moments))

    def _lost(self, look: Look, source: str) -> Flaw | None:
        was = self.looks[source]
        kept = look.moments.area_px / max(1, was.moments.area_px)
        if kept < self.options.min_foreground_fraction_of_source:
            return Flaw(3.0 - kept, VANISHED, f"{kept:.0%} of its source's")
        lost = was.classes - look.classes
        if self.options.keep_classes and lost:
            return Flaw(CLASS_LOST_BADNESS, CLASS_LOST, f"class {min(lost)}")
        return None

    def _implausible(self, look: Look, source: str, luck: float) -> Flaw | None:
        was = self.looks[source]
        breach = self._rules and self._rules.worst_breach(look.features, was.features)
        if breach:
            return implausible(breach)
        count, before = look.objects.count, was.objects.count
        if self._counts is not None and luck >= self._counts.chance(count, before):
            detail = f"{counted(count, 'object')}, its source has {before}"
            return Flaw(IMPLAUSIBLE_BADNESS[0], RARE_COUNT, detail)
        return None


def implausible(breach: Breach) -> Flaw:
    """Return a broken rule as a flaw: the further beyond its bounds, the worse."""
    least, most = IMPLAUSIBLE_BADNESS
    share = breach.excess / (1 + breach.excess)
    return Flaw(least + (most - least) * share, IMPLAUSIBLE + breach.rule, breach.in_words())


def count_redraws(entries: Iterable[PlanEntry]) -> Counter[str]:
    """Return how many draws were refused for each reason."""
    return Counter(reason for entry in entries for reason in entry.redrawn)


def count_relaxed(entries: Iterable[PlanEntry]) -> Counter[str]:
    """Return how many masks were taken in spite of each flaw, redraws being used up."""
    return Counter(entry.flaw for entry in entries if entry.flaw)
