"""Options of the mask engine: the policy, what is nested, what is refused."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from medsynth.core.options import Options
from medsynth.masks.policies import policy_called
from medsynth.masks.policy_options import PolicyNode


class MaskOptions(Options):
    """How new masks are made from the source masks, and which of them are refused."""

    policy: tuple[PolicyNode, ...] = Field(default="default", validate_default=True)
    """The operators, applied in this order: default, paper (flip, scale, shift), or a list of
    {op: NAME, p: CHANCE, options: {...}}, {one_of: [...], weights: [...]} and {sequence: [...]}."""

    nested: Literal["auto"] | dict[str, str] = "auto"
    """Classes that lie inside others and move with them, for example {nucleus: cytoplasm};
    auto finds them in the training masks."""

    @field_validator("policy", mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        return policy_called(value) if isinstance(value, str) else value

    min_foreground_fraction_of_source: float = Field(default=0.3, ge=0, le=1)
    """A mask that keeps less of its source's foreground area than this is drawn again."""

    keep_classes: bool = True
    """Draw again where a class that the source has would be lost altogether."""

    negatives: Literal["keep", "drop"] = "keep"
    """Empty source masks: keep gives empty masks in the same share, drop leaves them out."""

    max_redraws: int = Field(default=20, ge=0, le=1000)
    """After so many refused draws the least bad one is taken, and its flaw recorded."""

    reserve_fraction: float = Field(default=0.25, ge=0, le=10)
    """How many masks beyond those asked for are planned, to replace those given up."""
