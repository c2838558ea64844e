"""What CSV files say of each pair, and filters over it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from medsynth.core.errors import InputError, did_you_mean, listed
from medsynth.data.readers import Pair
from medsynth.data.tables import SPLIT_FILE, Table


def with_attributes(pairs: Sequence[Pair], tables: Mapping[str, Table]) -> list[Pair]:
    """Return the pairs with what the CSV files say of them; later files win, split.csv last."""
    order = sorted(tables.values(), key=lambda table: (table.name == SPLIT_FILE, table.name))
    out = []
    for pair in pairs:
        attributes = dict(pair.attributes)
        for table in order:
            attributes.update(table.row(pair.stem))
        out.append(replace(pair, attributes=attributes))
    return out


def matches(attributes: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Return whether all wanted columns have their wanted value."""
    return all(attributes.get(column) == value for column, value in wanted.items())


def check_filter(pairs: Sequence[Pair], wanted: Mapping[str, str], option: str) -> None:
    """Raise if a filter names a column or a value that no pair has.

    Raises:
        InputError: with the columns or values there are.
    """
    for column, value in wanted.items():
        values = Counter(p.attributes[column] for p in pairs if column in p.attributes)
        if not values:
            columns = sorted({name for pair in pairs for name in pair.attributes})
            hint = did_you_mean(column, columns) if columns else "DATA has no CSV with `stem`"
            raise InputError(f"data.{option}: no CSV gives a column '{column}': {hint}.")
        if value not in values:
            raise InputError(
                f"data.{option}: no pair has {column}={value}.",
                f"{column} is one of: {listed(sorted(values), 12)}.",
            )
