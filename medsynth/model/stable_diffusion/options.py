"""Options of the Stable Diffusion backbone. No torch here: recipes are read without it."""

from __future__ import annotations

from pydantic import Field

from medsynth.core.options import Options


class StableDiffusionOptions(Options):
    """Which Stable Diffusion, and what it is told."""

    base: str | None = None
    """Stable Diffusion 1.x or 2.x: a folder in diffusers' layout, one .safetensors or .ckpt file,
    or a hub id, which is looked for in the local cache and downloaded only when it is not there
    and HF_HUB_OFFLINE is not set."""
    config: str | None = None
    """For a base in one file: a folder in diffusers' layout that holds its configuration and
    tokenizer (weights are not needed there)."""
    variant: str | None = None
    """Variant of the base's weight files, for example fp16."""
    prompt: str = ""
    """Prompt of every image; {column} stands for a column of the data's CSV files."""
    hint_width: int = Field(default=16, ge=1)
    """Channels of the dense hint's first block."""
    zero_hint: bool = True
    """Start the convolution after the dense hint at zero, as published."""
    lora_rank: int = Field(default=0, ge=0)
    """Train low-rank updates of this rank in the decoder half's attention instead of all its
    weights (Hu et al. 2022); 0 trains all, as published. Needs medsynth[lora]."""
