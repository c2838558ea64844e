"""Options of the model: backbone, codec, network, schedule. No torch here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from medsynth.core.options import Options
from medsynth.model.codecs.options import CodecOptions
from medsynth.model.compact_options import CompactOptions
from medsynth.model.schedule_options import ScheduleOptions


class ModelOptions(Options):
    """What is fitted."""

    backbone: Literal["compact"] = "compact"
    """The diffusion network: `compact`, a small U-Net trained from scratch."""
    codec: CodecOptions = Field(default_factory=CodecOptions)
    """How images become latents."""
    compact: CompactOptions = Field(default_factory=CompactOptions)
    """Sizes of the compact backbone."""
    schedule: ScheduleOptions = Field(default_factory=ScheduleOptions)
    """Noise schedule and prediction."""
    label_column: str | None = None
    """Column of the data's CSV files whose values the model is told with each image (scanner,
    stain, kind); none by default."""
