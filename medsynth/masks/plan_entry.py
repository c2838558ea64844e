"""One entry of the mask plan: a mask not yet drawn, as the steps that make it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medsynth.core.errors import InputError
from medsynth.masks.perturbation import Step


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """A planned mask.

    index: place in the plan, from 0.
    key: its name from here to the export, for example "s0000001" for index 0.
    source: id of the source mask that the steps start from.
    steps: what is done to it, in order.
    mask_sha256: hash of the resulting arrays, see `masks.fingerprint`.
    redrawn: why draws before this one were refused, in order.
    flaw: why this one would have been refused too, had there been redraws left.
    signature: sketch of the mask, see `masks.signature`; empty for empty masks.
    kinds: what the plan's balance counts it as.
    """

    index: int
    key: str
    source: str
    steps: tuple[Step, ...]
    mask_sha256: str
    redrawn: tuple[str, ...] = ()
    flaw: str | None = None
    signature: str = ""
    kinds: tuple[str, ...] = ()

    def source_ids(self) -> tuple[str, ...]:
        """Return all source masks that it derives from, each once: source, then donors."""
        donors = (donor for step in self.steps for donor in step.donors)
        return tuple(dict.fromkeys((self.source, *donors)))

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON; `from_json` gives an equal entry back."""
        return {
            "index": self.index,
            "key": self.key,
            "source": self.source,
            "steps": [step.to_json() for step in self.steps],
            "mask_sha256": self.mask_sha256,
            "redrawn": list(self.redrawn),
            "flaw": self.flaw,
            "signature": self.signature,
            "kinds": list(self.kinds),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PlanEntry:
        """Return the entry that `to_json` described.

        Raises:
            InputError: a key is missing or of the wrong type.
        """
        try:
            return cls(
                index=int(value["index"]),
                key=str(value["key"]),
                source=str(value["source"]),
                steps=tuple(Step.from_json(step) for step in value["steps"]),
                mask_sha256=str(value["mask_sha256"]),
                redrawn=tuple(str(reason) for reason in value["redrawn"]),
                flaw=None if value["flaw"] is None else str(value["flaw"]),
                signature=str(value.get("signature", "")),
                kinds=tuple(str(kind) for kind in value.get("kinds", ())),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"not an entry of a mask plan: {error!r} in {value!r}.",
                "The plan was written by another version, or edited; plan anew in a new run.",
            ) from error
