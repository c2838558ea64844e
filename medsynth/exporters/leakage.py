"""Nothing of val or test may reach train: refused here, for every format.

By the samples' lineage here; by what their weights have learned from in `learned`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from medsynth.core.errors import InputError, listed
from medsynth.exporters.export_set import ExportSet, Row
from medsynth.exporters.learned import learned_leaks

MOST_CHAINS = 10


def refuse_leaks(export_set: ExportSet) -> None:
    """Refuse a set in which something of val or test reaches train.

    Judged by all real pairs behind the set, also those that are not written.

    Raises:
        InputError: with each chain printed (sample, source mask, group).
    """
    chains = [
        *leaks(export_set.rows, export_set.real),
        *learned_leaks(export_set.rows, export_set.real, export_set.trained_on),
    ]
    if chains:
        raise InputError(
            f"the export would leak between splits: {listed(chains, MOST_CHAINS)}.",
            "Nothing was written. Split by group anew and fit again, "
            "or remove these synthetic samples.",
        )


def leaks(rows: Iterable[Row], real: Iterable[Row]) -> Iterator[str]:
    """Yield a sentence for each way in which one split reaches into another.

    Args:
        rows: what is exported.
        real: every real pair that sources may name.
    """
    rows = tuple(rows)
    known = {row.id: row for row in (*real, *(row for row in rows if row.origin == "real"))}
    split_of: dict[str, Row] = {}
    for row in known.values():
        first = split_of.setdefault(row.group, row)
        if first.split != row.split:
            yield f"group {row.group} is in {first.split} ({first.id}) and {row.split} ({row.id})"
    for row in rows:
        if row.origin == "synthetic":
            yield from _synthetic_leaks(row, known, split_of)
        elif known[row.id].split != row.split:
            yield f"{row.id} is exported as {row.split} but belongs to {known[row.id].split}"


def _synthetic_leaks(
    row: Row, known: Mapping[str, Row], split_of: Mapping[str, Row]
) -> Iterator[str]:
    me = f"synthetic {row.id} ({row.split})"
    if row.split != "train":
        yield f"{me} is not in train; val and test are real only"
    for name in row.sources:
        source = known.get(name)
        if source is None:
            yield f"{me} <- mask {name}, which is no pair of this run"
        elif source.split != "train":
            yield f"{me} <- mask {name} ({source.split}) <- group {source.group}"
    behind = dict.fromkeys(known[name].group for name in row.sources if name in known)
    if row.group == "+".join(behind):  # all told above; a "+" may be part of a group's own name
        return
    for group in {row.group, *row.group.split("+")}:
        member = split_of.get(group)
        if member is not None and member.split != "train" and member.id not in row.sources:
            yield f"{me} <- group {group} ({member.split}, for example {member.id})"
