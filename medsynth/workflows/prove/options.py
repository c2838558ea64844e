"""Options of prove. No torch here: recipes are read without it."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from medsynth.core.options import Options
from medsynth.model.segmenter_options import NetworkName, SegmenterFit

Ratio = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]


class ProveOptions(Options):
    """Which arms are compared, and how long each segmenter is fitted."""

    ratios: tuple[Ratio, ...] = (0.5, 1.0, 2.0)
    """Arms with so many synthetic pairs for each real one; which is best is chosen on val."""
    real_endings: tuple[Share, ...] = Field(default=(0.0,), min_length=1)
    """Shares of the steps, at the end of a fit, that see real pairs alone; each of them an arm for
    each ratio. 0: synthetic and real pairs are mixed to the end."""
    synthetic_only: bool = True
    """An arm without any real image."""
    real_alone: bool = True
    """An arm of real images as they are, without classic augmentation."""
    copy_paste: bool = True
    """An arm of image-level copy-paste (Ghiasi et al. 2021) in place of synthetic data."""
    split: Literal["test", "val"] = "test"
    """Where segmenters are compared. val: while you are still choosing recipes or samples; test
    stays closed. Each segmenter stopped where val was best, so all figures flatter a little."""
    seeds: int = Field(default=5, ge=1, le=100)
    """Segmenters an arm, each with weights and batches of its own."""
    networks: tuple[NetworkName, ...] = ("unet",)
    """Segmenters: unet, attention-unet, segresnet, mobilenet-unet (which begins with ImageNet's
    weights)."""
    stops: int = Field(default=4, ge=1, le=100)
    """So many equally spaced steps at which val is looked at; each arm takes its best."""
    segmenter_format: str = "folder"
    """Export format that --segmenter-command reads."""
    segmenter: SegmenterFit = Field(default_factory=lambda: SegmenterFit(steps=600))
    """Steps, batch, rate and width, the same for every arm."""

    def samples_wanted(self, pairs: int) -> int:
        """Return how many samples the largest ratio asks for, with so many real training pairs."""
        return ceil((max(self.ratios, default=0.0) or 1.0) * pairs)

    @field_validator("segmenter", mode="before")
    @classmethod
    def _networks_has_the_network(cls, values: Any) -> Any:
        """Recipes of older runs name one here, which was never used."""
        if not isinstance(values, Mapping) or "network" not in values:
            return values
        if values["network"] != "unet":
            raise ValueError("prove.networks names the networks, not prove.segmenter.network")
        return {key: value for key, value in values.items() if key != "network"}

    @field_validator("ratios", "real_endings", "networks")
    @classmethod
    def _names_each_once(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(set(values)) < len(values):
            raise ValueError("names the same twice")
        return values
