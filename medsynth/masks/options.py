"""Options of the mask policy: which operators, how often, how strong, what is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from medsynth.core.errors import MedsynthError
from medsynth.core.options import Options
from medsynth.masks.balance_options import BalanceOptions
from medsynth.masks.operators import operator_options

NegativeShare = Annotated[float, Field(ge=0, lt=1)]


class OperatorChoice(Options):
    """One operator of the policy."""

    op: str
    """Name of the operator: see `medsynth plugins`."""

    p: float = Field(default=1.0, ge=0, le=1)
    """The chance of its use on each mask."""

    options: dict[str, Any] = Field(default_factory=dict)
    """The operator's own options; what is not given has its default."""

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, values: Any) -> Any:
        """Check name and options by the operator itself, and fill in its defaults."""
        if not isinstance(values, dict) or not isinstance(values.get("op"), str):
            return values
        given = values.get("options") or {}
        if not isinstance(given, dict):
            return values
        try:
            resolved = operator_options(values["op"], given)
        except MedsynthError as error:
            raise ValueError(error.what) from error
        return {**values, "options": resolved.model_dump(mode="json")}


def default_operators() -> tuple[OperatorChoice, ...]:
    """Return the policy that suits most data."""
    chances = {"flip": 1.0, "affine": 0.9, "elastic": 0.7, "copy-paste": 0.3}
    return tuple(OperatorChoice(op=name, p=p) for name, p in chances.items())


class MaskOptions(Options):
    """How new masks are made from the source masks, and which of them are refused."""

    operators: tuple[OperatorChoice, ...] = Field(default_factory=default_operators)
    """The operators, applied in this order, each with its own chance."""

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
