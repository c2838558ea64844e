"""Options of a mask policy: operators, chains and choices, each with its chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isclose
from typing import Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from medsynth.core.errors import MedsynthError, UsageError
from medsynth.core.options import Options
from medsynth.masks.operators import PERTURBATIONS, operator_options

KINDS = ("op", "one_of", "sequence")


class PolicyNode(Options):
    """A place in the policy: an operator, a choice (one_of) or a chain (sequence)."""

    op: str | None = None
    """Name of an operator: see `medsynth plugins`."""

    one_of: tuple[PolicyNode, ...] | None = None
    """One of these is used."""

    sequence: tuple[PolicyNode, ...] | None = None
    """All of these are used, in this order, each with its own chance."""

    p: float = Field(default=1.0, ge=0, le=1)
    """The chance of its use on each mask."""

    weights: tuple[float, ...] | None = None
    """Of a choice: the chance of each, with a sum of 1; all alike where it is not given."""

    options: dict[str, Any] = Field(default_factory=dict)
    """Of an operator: its own options; what is not given has its default."""

    on_one_mask: Literal["refuse", "skip"] = "refuse"
    """Of an operator that needs a second mask: what to do where the data has but one."""

    @field_validator("op")
    @classmethod
    def _known(cls, op: str | None) -> str | None:
        try:
            if op is not None:
                PERTURBATIONS.get(op)
        except MedsynthError as error:
            raise ValueError(error.what) from error
        return op

    @field_validator("options")
    @classmethod
    def _resolved(cls, given: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        """Check the options by the operator itself, and fill in its defaults."""
        op = info.data.get("op")
        if op is None:
            return given
        try:
            return operator_options(op, given).model_dump(mode="json")
        except MedsynthError as error:
            raise ValueError(error.what) from error

    @field_validator("weights")
    @classmethod
    def _chances(
        cls, weights: tuple[float, ...] | None, info: ValidationInfo
    ) -> tuple[float, ...] | None:
        choice = info.data.get("one_of")
        if weights is None or "one_of" not in info.data:
            return weights
        if choice is None or len(weights) != len(choice):
            raise ValueError(f"needs one weight for each of one_of, {len(choice or ())}")
        if min(weights, default=0) < 0 or not isclose(sum(weights), 1, abs_tol=1e-6):
            raise ValueError(f"must be chances that sum to 1, not to {sum(weights):g}")
        return weights

    @model_validator(mode="after")
    def _one_kind(self) -> PolicyNode:
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError(f"needs one of op, one_of and sequence, and has {kinds or 'none'}")
        if self.one_of == ():
            raise ValueError("one_of is empty")
        if self.options and self.op is None:
            raise ValueError(f"options are an operator's; put them within {kinds[0]}")
        return self

    @model_serializer(mode="wrap")
    def _plain(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what belongs to the other kinds of node."""
        values: dict[str, Any] = handler(self)
        idle = [key for key, value in values.items() if value is None]
        idle += [] if self.op else ["options"]
        idle += [] if self.on_one_mask == "skip" else ["on_one_mask"]
        return {key: value for key, value in values.items() if key not in idle}


def check_enough_masks(policy: Sequence[PolicyNode], masks: int) -> None:
    """Refuse operators that need more masks than there are.

    Args:
        policy: the policy's nodes.
        masks: how many source masks hold objects.

    Raises:
        UsageError: with the key of each such operator.
    """
    short = [
        f"{key}.op: {node.op} needs {least_masks(node)} masks with objects, and there is {masks}"
        for key, node in walk_policy(policy, "masks.policy")
        if least_masks(node) > masks and node.on_one_mask == "refuse"
    ]
    if short:
        raise UsageError("; ".join(short) + ".", "Add pairs to the data, or take the operator out.")


def least_masks(node: PolicyNode) -> int:
    """Return how many masks a node's operator needs; most need one, and a choice none itself."""
    cls = PERTURBATIONS.get(node.op) if node.op is not None else None
    return int(getattr(cls, "least_masks", 1)) if cls is not None else 0


def walk_policy(nodes: Sequence[PolicyNode], key: str) -> Iterator[tuple[str, PolicyNode]]:
    """Yield (dotted key, node) for each node and those within it."""
    for k, node in enumerate(nodes):
        yield f"{key}.{k}", node
        yield from walk_policy(node.one_of or (), f"{key}.{k}.one_of")
        yield from walk_policy(node.sequence or (), f"{key}.{k}.sequence")
