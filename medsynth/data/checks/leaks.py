"""Like images told: across splits they leak, within a split they only weigh double."""

from __future__ import annotations

from collections.abc import Sequence

from medsynth.data.checks.likeness import Likeness
from medsynth.data.problems import Problem, problem
from medsynth.data.records import Item

KINDS = {
    "duplicate": "some image files are equal",
    "near-duplicate": "some images are nearly the same (frames of one video, say)",
    "abutting": "some images continue into one another at an edge (tiles of one slide, say)",
}


def leak_problems(kind: str, pairs: Sequence[Likeness], items: Sequence[Item]) -> list[Problem]:
    """Return what pairs of like images mean for the split.

    Args:
        kind: a key of `KINDS`.
        pairs: positions in `items`.
        items: all items of the index.
    """
    across = [(a, b) for a, b in pairs if items[a].split != items[b].split]
    within = [(a, b) for a, b in pairs if items[a].split == items[b].split]
    unknown = [(a, b) for a, b in within if items[a].group != items[b].group]
    what = KINDS[kind]
    out = problem(
        f"{kind}-across-splits",
        "warning",
        f"{what} and lie in different splits: results on val and test would be too good",
        [f"{_named(items[a])} and {_named(items[b])}" for a, b in across],
        "Give them one group (groups.csv with stem,group) and split by it, or drop one.",
    )
    shown = pairs_shown(within if kind == "duplicate" else unknown, items)
    return out + problem(
        kind,
        "warning" if kind == "duplicate" else "note",
        what if kind == "duplicate" else f"{what}, but are not of one group",
        shown,
        "Keep one of each." if kind == "duplicate" else "Give them one group in groups.csv.",
    )


def pairs_shown(pairs: Sequence[Likeness], items: Sequence[Item]) -> list[str]:
    """Return the two keys of each pair as text."""
    return [f"{items[a].attributes['key']} and {items[b].attributes['key']}" for a, b in pairs]


def _named(item: Item) -> str:
    return f"{item.attributes['key']} ({item.split})"


def conflicting_masks(pairs: Sequence[Likeness], items: Sequence[Item]) -> list[Problem]:
    """Return equal images whose masks differ."""
    differ = [(a, b) for a, b in pairs if items[a].mask_sha256 != items[b].mask_sha256]
    return problem(
        "duplicate-other-mask",
        "warning",
        "some equal images have different masks",
        pairs_shown(differ, items),
        "Decide which mask is right, and keep one pair.",
    )
