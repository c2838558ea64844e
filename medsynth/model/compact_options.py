"""Sizes of the compact backbone. No torch here: recipes are read without it."""

from __future__ import annotations

from pydantic import Field

from medsynth.core.options import Options


class CompactOptions(Options):
    """The compact U-Net and its dense hint."""

    channels: tuple[int, ...] = Field(default=(96, 160, 224), min_length=1)
    """Channels of each level; each next level has half the resolution. Multiples of 8."""
    layers: int = Field(default=1, ge=1)
    """Residual blocks a level."""
    hint_width: int = Field(default=8, ge=1)
    """Channels of the dense hint's first block (16 as published)."""
