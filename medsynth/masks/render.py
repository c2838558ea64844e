"""From an entry of the plan to its mask."""

from __future__ import annotations

from collections.abc import Mapping

from medsynth.core.errors import InputError
from medsynth.core.types import Mask
from medsynth.masks.copying import copied
from medsynth.masks.fingerprint import mask_sha256
from medsynth.masks.operators import operator
from medsynth.masks.plan_entry import PlanEntry


def render(entry: PlanEntry, sources: Mapping[str, Mask]) -> Mask:
    """Return the planned mask: the entry's steps done again to its source.

    The options are not needed; the steps hold all that was drawn.

    Raises:
        InputError: a source is missing, or the result is not the mask that was planned.
        UsageError: an operator of the plan is not installed.
    """
    if entry.source not in sources:
        raise InputError(
            f"entry {entry.key} of the mask plan starts from '{entry.source}', which is not "
            "among the source masks.",
            "Use the data that the plan was made from.",
        )
    mask = copied(sources[entry.source])
    for step in entry.steps:
        mask = operator(step.op).apply(mask, step, sources)
    if mask_sha256(mask) != entry.mask_sha256:
        raise InputError(
            f"the plan does not match: entry {entry.key} gives another mask than was planned.",
            f"A source mask changed ({', '.join(entry.source_ids())}), or an operator did. "
            "Restore the data, or plan anew in a new run.",
        )
    return mask
