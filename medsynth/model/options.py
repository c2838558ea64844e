"""Options of the model: backbone, codec, network, schedule. No torch here."""

from __future__ import annotations

from pydantic import Field, field_validator

from medsynth.core.errors import did_you_mean
from medsynth.core.options import Options
from medsynth.core.registry import Registry
from medsynth.model.codecs.options import CodecOptions
from medsynth.model.compact_options import CompactOptions
from medsynth.model.schedule_options import ScheduleOptions
from medsynth.model.stable_diffusion.options import StableDiffusionOptions


class ModelOptions(Options):
    """What is fitted."""

    backbone: str = "compact"
    """The diffusion network: `compact`, a small U-Net trained from scratch, or
    `stable-diffusion`."""

    @field_validator("backbone")
    @classmethod
    def _backbone_is_known(cls, value: str) -> str:
        if value not in (known := Registry[object]("medsynth.backbones", "backbone").names()):
            raise ValueError(f"unknown backbone '{value}': {did_you_mean(value, known)}")
        return value

    codec: CodecOptions = Field(default_factory=CodecOptions)
    """How images become latents."""
    compact: CompactOptions = Field(default_factory=CompactOptions)
    """Sizes of the compact backbone."""
    stable_diffusion: StableDiffusionOptions = Field(default_factory=StableDiffusionOptions)
    """The Stable Diffusion backbone, which brings its own codec."""
    schedule: ScheduleOptions = Field(default_factory=ScheduleOptions)
    """Noise schedule and prediction."""

    @property
    def tells_attributes(self) -> bool:
        """Whether the model is told anything that the data's CSV files say."""
        return self.label_column is not None or "{" in self.stable_diffusion.prompt

    label_column: str | None = None
    """Column of the data's CSV files whose values the model is told with each image (scanner,
    stain, kind); none by default."""
