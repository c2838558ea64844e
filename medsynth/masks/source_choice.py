"""Which source mask each entry of the plan starts from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import floor

from medsynth.core.errors import InputError
from medsynth.core.seeds import generator
from medsynth.masks.balance import Balance
from medsynth.masks.options import MaskOptions


class SourceChoice:
    """Chooses sources: all of them in each round, shuffled anew, or as the balance asks.

    Args:
        filled: whether each source mask has foreground, by id.
        kinds: what a balance counts each as.
        options: balance and negatives.
        seed: the run's seed.

    Raises:
        InputError: there is nothing to choose from, or negatives are asked for and none is
            there.
        UsageError: the balance asks for a kind that is not there.
    """

    def __init__(
        self,
        filled: Mapping[str, bool],
        kinds: Mapping[str, tuple[str, ...]],
        options: MaskOptions,
        seed: int,
    ) -> None:
        self._full = sorted(key for key, has in filled.items() if has)
        self._empty = sorted(key for key, has in filled.items() if not has)
        self._seed = seed
        self._share = self._negative_share(options)
        if not self._full and not self._empty_alone:
            raise InputError(
                "there is no source mask to plan from: "
                + ("all are empty." if filled else "none was given."),
                "Add pairs with objects to the data, set masks.negatives=keep, or give masks of "
                "your own: medsynth augment --masks DIR.",
            )
        wanted = {key: kinds[key] for key in self._full}
        self._balance = Balance(options.balance, wanted) if options.balance else None
        self._orders: dict[str, tuple[int, list[str]]] = {}

    def next(self, index: int) -> tuple[str, str | None]:
        """Return the source of entry `index`, and the kind that the balance wants of it."""
        if self._share is None:
            every = sorted([*self._full, *self._empty])
            return self._in_turn("plan-round", every, index), None
        before, after = floor(index * self._share), floor((index + 1) * self._share)
        if after > before:
            return self._in_turn("plan-negatives", self._empty, before), None
        if self._balance is None:
            return self._in_turn("plan-round", self._full, index - before), None
        kind = self._balance.wanted()
        order = generator(self._seed, "plan-balance", index).permutation(len(self._full))
        places = dict(zip(self._full, order.tolist(), strict=True))
        return self._balance.least_used(kind, places), kind

    def take(self, kinds: Iterable[str], source: str) -> None:
        """Count a planned mask."""
        if self._balance is not None:
            self._balance.take(kinds, source)

    @property
    def _empty_alone(self) -> bool:
        return self._share is None and bool(self._empty)

    def _negative_share(self, options: MaskOptions) -> float | None:
        """Return the share of negatives; None lets them take their turns with the others."""
        if options.negatives == "drop":
            return 0.0
        if options.negatives == "keep":
            if options.balance is None or not self._full:
                return None
            return len(self._empty) / (len(self._empty) + len(self._full))
        if options.negatives > 0 and not self._empty:
            raise InputError(
                f"masks.negatives={options.negatives:g}, but no training mask is empty: the "
                "model would never have seen an image without objects.",
                "Add images without objects and their empty masks, or set masks.negatives=drop.",
            )
        return options.negatives

    def _in_turn(self, name: str, keys: list[str], number: int) -> str:
        """Return the source at turn `number`: in each round all of them, shuffled anew."""
        turn, place = divmod(number, len(keys))
        if self._orders.get(name, (-1, []))[0] != turn:
            order = generator(self._seed, name, turn).permutation(len(keys))
            self._orders[name] = turn, [keys[k] for k in order]
        return self._orders[name][1][place]
