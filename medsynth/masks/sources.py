"""Finding a step's donor among the source masks."""

from __future__ import annotations

from collections.abc import Mapping

from medsynth.core.errors import InputError
from medsynth.core.types import Mask


def source_of(donor: str, sources: Mapping[str, Mask]) -> Mask:
    """Return the donor's mask.

    Raises:
        InputError: it is not among the sources.
    """
    mask = sources.get(donor)
    if mask is None:
        raise InputError(
            f"the mask plan takes an object from '{donor}', which is not among the source masks.",
            "Use the data that the plan was made from.",
        )
    return mask
