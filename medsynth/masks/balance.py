"""Balance: which kind of mask a plan lacks most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from medsynth.core.errors import UsageError, listed
from medsynth.masks.balance_options import BalanceOptions


class Balance:
    """Counts the kinds of the planned masks and says what to plan next.

    Args:
        options: the target.
        sources: kinds of each source mask that has foreground, by id.

    Raises:
        UsageError: the target names a kind that no source mask is of.
    """

    def __init__(self, options: BalanceOptions, sources: Mapping[str, tuple[str, ...]]) -> None:
        self._sources_of: dict[str, list[str]] = {}
        for key in sorted(sources):
            for kind in sources[key]:
                self._sources_of.setdefault(kind, []).append(key)
        self.target = _shares(options, self._sources_of)
        self.counts: Counter[str] = Counter()
        self._uses: Counter[str] = Counter()

    def wanted(self) -> str:
        """Return the kind that is furthest behind its share."""
        total = sum(self.counts[kind] for kind in self.target) + 1
        behind = {kind: share * total - self.counts[kind] for kind, share in self.target.items()}
        return max(sorted(behind), key=lambda kind: behind[kind])

    def least_used(self, kind: str, order: Mapping[str, int]) -> str:
        """Return the source of a kind that was used least; of several, the first in `order`."""
        return min(self._sources_of[kind], key=lambda key: (self._uses[key], order[key]))

    def take(self, kinds: Iterable[str], source: str) -> None:
        """Count a planned mask."""
        self.counts.update(kinds)
        self._uses[source] += 1


def _shares(options: BalanceOptions, found: Mapping[str, object]) -> dict[str, float]:
    if options.target == "uniform":
        return {kind: 1 / len(found) for kind in found}
    strange = sorted(kind for kind, share in options.target.items() if share and kind not in found)
    if strange:
        raise UsageError(
            f"masks.balance.target: no training mask is of the {options.by} {listed(strange)}.",
            f"They have: {listed(sorted(found), 20)}.",
        )
    return {kind: share for kind, share in options.target.items() if share}
