"""Options of the codecs. No torch here: recipes are read without it."""

from __future__ import annotations

from pydantic import Field, field_validator

from medsynth.core.errors import did_you_mean
from medsynth.core.options import Options

NAMES = ("patches", "haar", "taef2", "autoencoder")


class CodecOptions(Options):
    """How images become latents and back."""

    name: str = "patches"
    """The codec: `haar` (lossless, no weights), `patches` or `autoencoder` (fitted on your own
    images first) or `taef2` (pretrained, needs weights)."""
    factor: int = Field(default=8, ge=1, le=16)
    """How many times smaller latents are than images, a power of two."""
    whitening: float = Field(default=1.0, ge=0, le=1)
    """patches, haar: 0 keeps the proportions between channels, 1 gives each unit variance. Short
    fits learn texture sooner with 1; haar, most of whose bands are noise, obeys masks with 0."""
    weights: str | None = None
    """taef2: a .safetensors file or a hub id; a hub id is downloaded only when named here."""
    channels: int = Field(default=16, ge=1)
    """patches, autoencoder: channels of the latents."""
    width: int = Field(default=48, ge=8)
    """patches, autoencoder: channels of its convolutions."""
    blocks: int = Field(default=3, ge=1)
    """patches: residual blocks of the refiner."""
    noise: float = Field(default=0.15, ge=0)
    """patches, autoencoder: largest noise on the latents in the codec's own fit; what the decoder
    learns to take away again. Of autoencoder in units of each channel's standard deviation, of
    patches in units of all channels' root mean square (the same with whitening 1)."""
    steps: int = Field(default=600, ge=1)
    """patches, autoencoder: steps of the codec's own fit."""
    learning_rate: float = Field(default=2e-3, gt=0)
    """patches, autoencoder: highest learning rate of the codec's own fit."""

    @field_validator("name")
    @classmethod
    def _name_is_known(cls, value: str) -> str:
        if value not in NAMES:
            raise ValueError(f"unknown codec '{value}': {did_you_mean(value, NAMES)}")
        return value

    @field_validator("factor")
    @classmethod
    def _factor_is_a_power_of_two(cls, value: int) -> int:
        if value & (value - 1):
            raise ValueError("must be a power of two")
        return value
