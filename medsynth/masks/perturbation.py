"""The contract of a mask perturbation: draw a step at random, apply it deterministically.

A plugin registers its class in the entry-point group `medsynth.perturbations` and calls
`medsynth.testing.check_perturbation` in its tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
from pydantic import Field

from medsynth.core.errors import InputError
from medsynth.core.options import Options
from medsynth.core.types import Mask


class PerturbationOptions(Options):
    """Base of every operator's options."""

    strength: float = Field(default=1.0, ge=0, le=1)
    """Scales all of the operator's ranges or chances; at 0 it leaves every mask as it is."""


@dataclass(frozen=True, slots=True)
class Step:
    """What an operator did to one mask: all that is needed to do it again.

    op: registry name of the operator.
    params: JSON values: numbers, texts, booleans, lists and string-keyed dicts of these.
    donors: ids of the other source masks that went into it.
    """

    op: str
    params: Mapping[str, Any] = field(default_factory=dict)
    donors: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON; `from_json` gives an equal step back."""
        return {"op": self.op, "params": dict(self.params), "donors": list(self.donors)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Step:
        """Return the step that `to_json` described.

        Raises:
            InputError: a key is missing or of the wrong type.
        """
        try:
            op, params, donors = value["op"], value["params"], value["donors"]
            if isinstance(op, str) and isinstance(params, dict) and isinstance(donors, list):
                return cls(op, params, tuple(str(donor) for donor in donors))
        except (KeyError, TypeError):
            pass
        raise InputError(
            f"not a perturbation step: {value!r}.",
            "It needs op (text), params (object) and donors (list).",
        )


@dataclass(frozen=True, slots=True, eq=False)
class DrawContext:
    """What an operator may look at when it draws.

    mask: the mask as the steps before left it.
    mask_id: id of the source mask that it comes from.
    sources: all source masks by id; getting one may read a file.
    source_ids: the ids of `sources`, sorted, so that a draw can index them.
    nested: inner class id -> class id that it lies in; a step keeps what it needs of it.
    most_objects: the plan would refuse a mask with more; so no operator adds more.
    """

    mask: Mask
    mask_id: str = ""
    sources: Mapping[str, Mask] = field(default_factory=dict)
    source_ids: Sequence[str] = ()
    nested: Mapping[int, int] = field(default_factory=dict)
    most_objects: int | None = None


class Perturbation(Protocol):
    """A mask operator: built from its options, it draws steps and applies them.

    What every operator keeps: shape and dtypes; labels that occur in the mask or its donors
    and no others; the instance rules of `core.types.Mask`; its input, untouched. At
    strength 0 its steps change nothing. It works on empty, full, 1x1 and non-square masks.
    """

    name: ClassVar[str]
    """The name it is registered under."""

    options_type: ClassVar[type[PerturbationOptions]]
    """Its options model; all of its fields have defaults."""

    def __init__(self, options: Any = None) -> None:
        """Take an `options_type`, or None for its defaults."""

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:
        """Return a random step for `context.mask`; `rng` is the only source of randomness."""

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:
        """Return a new mask: `step` done to `mask`.

        Depends on the arguments alone, not on the options that the step was drawn with,
        so that a lineage can be replayed with nothing but the source masks.
        """
