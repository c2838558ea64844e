"""Options of the gates. No torch here: recipes are read without it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from medsynth.core.options import Options
from medsynth.model.segmenter_options import SegmenterChoice

GateMode = Literal["enforce", "score", "off"]


class GateOptions(Options):
    """What a synthetic image must pass, and what becomes of one that does not."""

    mode: GateMode = "enforce"
    """enforce: an image that fails is made again; score: gates only measure; off: none but
    `trivial`, which always holds."""
    trivial: GateMode | None = None
    """The gate against black, flat and saturated images; null: as `mode`, but never off."""
    faithful: GateMode | None = None
    """The gate against images that do not show their mask; null: as `mode`, but mobilenet-unet only
    scores where that is enforce: what it misses is what a segmenter has most to learn from."""
    novel: GateMode | None = None
    """The gate against copies of training images; null: as `mode`."""
    most_saturated: float | None = Field(default=None, gt=0, le=1)
    """Share of black and white values with which an image shows nothing, for `trivial`; null: as
    held-out real images have it, and 0.9 at least. In a run that was given away it is set."""
    plugin: dict[str, GateMode] = Field(default_factory=dict)
    """Gates that plugins bring: name, then enforce, score or off."""
    rate: float = Field(default=0.05, gt=0, lt=1)
    """Share of real held-out images that a gate may refuse: this sets its threshold."""
    max_redraws: int = Field(default=3, ge=0, le=100)
    """An image that fails is made again with another seed up to this often; then its mask is
    given up, and the plan's next reserve takes its place."""
    folds: int = Field(default=2, ge=2, le=20)
    """Segmenters that judge faithfulness: each is fitted without one part of the training groups,
    and an image is judged by one that never saw its mask's patients; where a mask blends patients
    of several parts, by one that never saw some of them."""
    segmenter: SegmenterChoice = Field(default_factory=SegmenterChoice)
    """The network that says what an image shows, and its fit."""

    def modes(self) -> dict[str, GateMode]:
        """Return gate -> mode, for the gates that are on."""
        scores = self.mode == "enforce" and self.segmenter.network == "mobilenet-unet"
        faithful = self.faithful or ("score" if scores else None)
        own: dict[str, Any] = {"faithful": faithful, "novel": self.novel}
        modes = {name: mode or self.mode for name, mode in own.items()}
        modes["trivial"] = self.trivial or ("score" if self.mode == "score" else "enforce")
        modes |= self.plugin
        return {name: mode for name, mode in sorted(modes.items()) if mode != "off"}
