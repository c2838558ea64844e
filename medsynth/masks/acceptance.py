"""Which drawn masks are refused, and why: cheap questions first, worst flaws first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from medsynth.core.types import Mask
from medsynth.masks.count_shares import CountShares
from medsynth.masks.features import Look
from medsynth.masks.fingerprint import mask_sha256
from medsynth.masks.options import MaskOptions
from medsynth.masks.plan_entry import PlanEntry
from medsynth.masks.planned_masks import PlannedMasks
from medsynth.masks.plausibility import Breach, rules_of
from medsynth.masks.profile import profile_of
from medsynth.masks.real_masks import RealMasks
from medsynth.masks.signature import Signature, signature_of
from medsynth.masks.strata import Strata

VANISHED = "too little foreground left"
CLASS_LOST = "a class was lost"
IMPLAUSIBLE = "implausible: "
DUPLICATE = "the same mask as another"
LIKE_REAL = "too like a real mask"
LIKE_PLANNED = "too like another new mask"
RARE_COUNT = IMPLAUSIBLE + "rare object count"
NOT_WANTED = "not of the kind that the balance asks for"


@dataclass(frozen=True, slots=True, order=True)
class Flaw:
    """Why a mask is refused; the lesser of two flaws is the less bad.

    detail: what was found and what is allowed, where there is more to say.
    """

    badness: float
    reason: str
    detail: str = ""

    @property
    def is_unbelievable(self) -> bool:
        """Whether the mask itself is wrong, rather than one too many."""
        return self.reason not in (DUPLICATE, LIKE_REAL, LIKE_PLANNED, NOT_WANTED)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A drawn mask and what is wrong with it, if anything.

    signature: None for empty masks. kinds: what a balance counts it as.
    """

    mask: Mask
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
        full = {key: look for key, look in self.looks.items() if look.classes}
        on = options.plausibility == "on" and full
        self._rules = (
            rules_of(self.profile, options.plausible_quantile, options.plausible_tolerance)
            if on
            else None
        )
        by_count = options.balance is not None and options.balance.by == "count"
        counts = (look.objects.count for look in full.values())
        self._counts = CountShares(counts) if on and not by_count else None
        self._real = RealMasks(sources, {key: look.moments for key, look in full.items()})
        self._planned = PlannedMasks(single_class=self.profile.class_ids in ((), (1,)))
        self._strata = None
        if options.balance is not None:
            sizes = [sources[key].labels.size for key in full]
            self._strata = Strata(options.balance.by, list(full.values()), sizes)
        for key in keys:
            self._planned.add_hash(mask_sha256(sources[key]))

    @property
    def nbytes(self) -> int:
        """Bytes that the planned masks take."""
        return self._planned.nbytes

    def kinds(self, look: Look, mask: Mask) -> tuple[str, ...]:
        """Return what a balance counts a mask as."""
        return () if self._strata is None else self._strata.of(look, mask.labels.size)

    def judge(
        self, mask: Mask, source: str, wanted: str | None = None, luck: float = 0.0
    ) -> Judged:
        """Return a mask with its worst flaw.

        Lost foreground is worst, the worse the more was lost; then a lost class, then a
        rule that is broken by far; then an equal mask, then a rule that is broken slightly.
        A mask that is only like another is the least bad, for its image will be new.

        Args:
            mask: as it was drawn.
            source: id of the source mask.
            wanted: the kind that the balance asks for.
            luck: a number drawn evenly from 0 to 1; rare numbers of objects need a low one.
        """
        look = self.profile.look(mask)
        kinds = self.kinds(look, mask)
        signature = signature_of(mask, look.moments) if look.classes else None
        flaws = [self._unbelievable(look, source), self._copy(mask, look, signature)]
        if self._counts is not None:
            count, was = look.objects.count, self.looks[source].objects.count
            if luck >= self._counts.chance(count, was):
                flaws.append(Flaw(0.3, RARE_COUNT, f"{count} objects, its source has {was}"))
        if wanted is not None and wanted not in kinds:
            flaws.append(Flaw(0.05, NOT_WANTED, f"{', '.join(kinds)} in place of {wanted}"))
        flaw = max((flaw for flaw in flaws if flaw), default=None)
        return Judged(mask, flaw, look, signature, kinds)

    def take(self, sha256: str, signature: Signature | None) -> None:
        """Remember a planned mask."""
        self._planned.add_hash(sha256)
        if signature is not None:
            self._planned.add_signature(signature)

    def _unbelievable(self, look: Look, source: str) -> Flaw | None:
        was = self.looks[source]
        kept = look.moments.area_px / max(1, was.moments.area_px)
        if kept < self.options.min_foreground_fraction_of_source:
            return Flaw(3.0 - kept, VANISHED, f"{kept:.0%} of its source's")
        lost = was.classes - look.classes
        if self.options.keep_classes and lost:
            return Flaw(1.0, CLASS_LOST, f"class {min(lost)}")
        breach = self._rules and self._rules.worst_breach(look.features, was.features)
        return implausible(breach) if breach else None

    def _copy(self, mask: Mask, look: Look, signature: Signature | None) -> Flaw | None:
        if self._planned.has(mask_sha256(mask)):
            return Flaw(0.45, DUPLICATE)
        most = self.options.max_iou_with_real
        if signature is not None and most < 1:
            iou = self._real.greatest_iou(mask, look.moments, signature, most)
            if iou > most:
                return Flaw(0.2 + 0.1 * iou, LIKE_REAL, f"IoU {iou:.3f}")
        most = self.options.max_iou_within
        if signature is not None and most < 1:
            iou = self._planned.greatest_iou(signature)
            if iou > most:
                return Flaw(0.1 + 0.1 * iou, LIKE_PLANNED, f"IoU {iou:.3f}")
        return None


def implausible(breach: Breach) -> Flaw:
    """Return a broken rule as a flaw: the further beyond its bounds, the worse."""
    share = breach.excess / (1 + breach.excess)
    return Flaw(0.3 + 0.69 * share, IMPLAUSIBLE + breach.rule, breach.in_words())


def count_redraws(entries: Iterable[PlanEntry]) -> Counter[str]:
    """Return how many draws were refused for each reason."""
    return Counter(reason for entry in entries for reason in entry.redrawn)


def count_relaxed(entries: Iterable[PlanEntry]) -> Counter[str]:
    """Return how many masks were taken in spite of each flaw, redraws being used up."""
    return Counter(entry.flaw for entry in entries if entry.flaw)
