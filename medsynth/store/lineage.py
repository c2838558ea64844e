"""Lineage: what a synthetic sample comes from, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Lineage:
    """Everything needed to trace a sample back, and to make it again.

    sources: ids of the real pairs that it derives from: the source mask, then donors.
    steps: the perturbation steps with their params, as their `to_json` gives them.
    seed: the run's seed.
    checkpoint_sha256: hash of the weights that made the image.
    sampler: the sampler's settings: name, steps, guidance scale and so on.
    gates: what each gate measured, and its verdict.
    """

    sources: tuple[str, ...]
    steps: tuple[Mapping[str, Any], ...]
    seed: int
    checkpoint_sha256: str
    sampler: Mapping[str, Any] = field(default_factory=dict)
    gates: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON; `from_json` gives an equal lineage back."""
        return {
            "sources": list(self.sources),
            "steps": [dict(step) for step in self.steps],
            "seed": self.seed,
            "checkpoint_sha256": self.checkpoint_sha256,
            "sampler": dict(self.sampler),
            "gates": dict(self.gates),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Lineage:
        """Return the lineage that `to_json` described.

        Raises:
            KeyError, TypeError, ValueError: it is not one.
        """
        return cls(
            sources=tuple(str(each) for each in value["sources"]),
            steps=tuple(dict(each) for each in value["steps"]),
            seed=int(value["seed"]),
            checkpoint_sha256=str(value["checkpoint_sha256"]),
            sampler=dict(value["sampler"]),
            gates=dict(value["gates"]),
        )
