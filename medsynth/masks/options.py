"""Options of the mask engine: the policy, what is nested, what is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from medsynth.core.options import Options
from medsynth.masks.balance_options import BalanceOptions
from medsynth.masks.policies import policy_called
from medsynth.masks.policy_options import PolicyNode

NegativeShare = Annotated[float, Field(ge=0, lt=1)]


class MaskOptions(Options):
    """How new masks are made from the source masks, and which of them are refused."""

    policy: tuple[PolicyNode, ...] = Field(default="default", validate_default=True)
    """The operators, applied in this order: default, paper (flip, scale, shift), or a list of
    {op: NAME, p: CHANCE, options: {...}}, {one_of: [...], weights: [...]} and {sequence: [...]}.
    On CVC-ClinicDB (`tests/benchmarks/study`) a segmenter gains 5.5 Dice points from samples of
    default, 1.6 from those of paper."""

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

    plausibility: Literal["on", "off"] = "on"
    """on: a mask whose figures lie outside the profile of the training masks is drawn again."""

    plausible_quantile: float = Field(default=0.025, ge=0, lt=0.5)
    """Share of the training masks beyond each bound of the profile, at either end."""

    plausible_tolerance: float = Field(default=0.02, ge=0, le=1)
    """The bounds are moved apart by this share of their distance; with few masks, further."""

    max_iou_with_real: float = Field(default=0.95, gt=0, le=1)
    """Draw again what overlaps more with a real mask, once centred and flipped; 1: all may."""

    max_iou_within: float = Field(default=0.95, gt=0, le=1)
    """The same among new masks, judged by their signatures; 1: all but equal masks may."""

    balance: BalanceOptions | None = None
    """Fill up what is rare: {by: class|size|count, target: uniform|{kind: share}}."""

    negatives: Literal["keep", "drop"] | NegativeShare = "keep"
    """Empty masks: keep gives them the same share as in training, drop none; or a share."""

    max_redraws: int = Field(default=20, ge=0, le=1000)
    """After so many refused draws the least bad one is taken, and its flaw recorded."""

    on_implausible: Literal["keep", "stop"] = "keep"
    """Where even the least bad draw is not believable: keep it, or stop and say which rule."""

    reserve_fraction: float = Field(default=0.25, ge=0, le=10)
    """How many masks beyond those asked for are planned, to replace those given up."""
