"""The mask plan: which masks, in order, decided before any image is made.

Entry k depends on the seed, k, the source masks and the options, and on the entries
before it only in that no mask comes twice. So a plan of 200 begins with the plan of 100.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import ceil

from medsynth.core.errors import InputError
from medsynth.core.seeds import generator
from medsynth.core.types import Mask
from medsynth.masks.acceptance import Content, Flaw, content_of, find_flaw
from medsynth.masks.fingerprint import mask_sha256
from medsynth.masks.nesting import nesting_of
from medsynth.masks.options import MaskOptions
from medsynth.masks.perturbation import DrawContext, Step
from medsynth.masks.plan_entry import PlanEntry, key_of
from medsynth.masks.policy import Policy


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
    """Yield the entries that the plan lacks to have n.

    Args:
        entries: the plan so far, in order; read once, only hashes are kept.
        n: the length that the plan shall have.
        sources: source masks by id, all read once for their hashes; getting one may read
            a file. Their order does not matter.
        options: the mask policy.
        seed: the run's seed.

    Raises:
        InputError: there is no source mask to plan from, or `entries` has a gap.
    """
    seen: set[bytes] = set()
    contents: dict[str, Content] = {}
    for key in sorted(sources):
        seen.add(short(mask_sha256(sources[key])))
        contents[key] = content_of(sources[key])
    usable = [key for key in contents if options.negatives == "keep" or contents[key].classes]
    if not usable:
        raise InputError(
            "there is no source mask to plan from: "
            + ("all are empty." if contents else "none was given."),
            "Add pairs with objects to the data, or set masks.negatives=keep.",
        )
    first = 0
    for first, entry in enumerate(entries, start=1):
        if entry.index != first - 1:
            raise InputError(
                f"the mask plan has entry {entry.index} where {first - 1} should be.",
                "The plan was edited; plan anew in a new run.",
            )
        seen.add(short(entry.mask_sha256))
    return _extend(first, n, Planner(sources, usable, contents, options, seed), seen)


def _extend(first: int, n: int, planner: Planner, seen: set[bytes]) -> Iterator[PlanEntry]:
    for index in range(first, n):
        entry = planner.entry(index, seen)
        seen.add(short(entry.mask_sha256))
        yield entry


class Planner:
    """Draws single entries of a plan.

    Args:
        sources: all source masks by id.
        usable: ids of those that entries start from, sorted.
        contents: what each source mask holds.
        options: the mask policy.
        seed: the run's seed.
    """

    def __init__(
        self,
        sources: Mapping[str, Mask],
        usable: list[str],
        contents: Mapping[str, Content],
        options: MaskOptions,
        seed: int,
    ) -> None:
        self.sources = sources
        self.usable = usable
        self.contents = contents
        self.options = options
        self.seed = seed
        self.source_ids = sorted(contents)
        with_objects = [key for key in self.source_ids if contents[key].classes]
        self.policy = Policy(options.policy, len(with_objects))
        self.nested = nesting_of(options.nested, (sources[key] for key in with_objects))
        self._round = -1
        self._order: list[str] = []

    def source_of(self, index: int) -> str:
        """Return the source of entry `index`: in each round all of them, shuffled anew."""
        turn, place = divmod(index, len(self.usable))
        if turn != self._round:
            order = generator(self.seed, "plan-round", turn).permutation(len(self.usable))
            self._round, self._order = turn, [self.usable[k] for k in order]
        return self._order[place]

    def entry(self, index: int, seen: set[bytes]) -> PlanEntry:
        """Return entry `index`, drawn again while it has a flaw; `seen` are hashes taken."""
        source = self.source_of(index)
        if not self.contents[source].classes:
            return self._negative(index, source)
        redrawn: list[str] = []
        best: tuple[Flaw | None, tuple[Step, ...], str] | None = None
        for attempt in range(self.options.max_redraws + 1):
            steps, mask = self._draw(index, attempt, source)
            sha256 = mask_sha256(mask)
            flaw = find_flaw(mask, self.contents[source], short(sha256) in seen, self.options)
            if best is None or flaw is None or (best[0] is not None and flaw < best[0]):
                best = flaw, steps, sha256
            if flaw is None:
                break
            redrawn.append(flaw.reason)
        assert best is not None
        flaw, steps, sha256 = best
        reason = flaw.reason if flaw else None
        return PlanEntry(index, key_of(index), source, steps, sha256, tuple(redrawn), reason)

    def _negative(self, index: int, source: str) -> PlanEntry:
        """Return an empty mask; all of a size are equal, so it may come again and again."""
        sha256 = mask_sha256(self.sources[source])
        return PlanEntry(index, key_of(index), source, (), sha256)

    def _draw(self, index: int, attempt: int, source: str) -> tuple[tuple[Step, ...], Mask]:
        rng = generator(self.seed, "plan", index, attempt)
        context = DrawContext(
            self.sources[source], source, self.sources, self.source_ids, self.nested
        )
        return self.policy.draw(rng, context)


def short(sha256: str) -> bytes:
    """Return 16 bytes of a hash: enough to tell masks apart, and small to keep."""
    return bytes.fromhex(sha256[:32])
