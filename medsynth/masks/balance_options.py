"""Options of the balance that a plan keeps."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from medsynth.core.options import Options

By = Literal["class", "size", "count"]
Share = Annotated[float, Field(ge=0, le=1)]


def _text_keys(value: Any) -> Any:
    """Let YAML's `1: 0.5` mean the text "1", as class ids are numbers there."""
    return {str(key): share for key, share in value.items()} if isinstance(value, dict) else value


class BalanceOptions(Options):
    """What a plan is balanced by, and toward what."""

    by: By
    """class: how many masks have each class. size: of the median object, against thirds of
    the training masks: small, medium, large. count: of objects: 1, 2-3, 4-7, 8-15, ..."""

    target: Literal["uniform"] | Annotated[dict[str, Share], BeforeValidator(_text_keys)] = (
        "uniform"
    )
    """uniform: as many of each kind that the training masks have; or shares that sum to 1,
    such as {small: 0.5, medium: 0.25, large: 0.25}; a class is named by its id."""

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> BalanceOptions:
        if isinstance(self.target, dict) and abs(sum(self.target.values()) - 1) > 1e-6:
            raise ValueError(f"target: its shares sum to {sum(self.target.values()):g}, not 1")
        return self
