"""Prompts to embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from medsynth.model.stable_diffusion.base import Base


@torch.no_grad()
def encode_prompts(base: Base, prompts: Sequence[str]) -> Tensor:
    """Return the embeddings of prompts, (N, L, D) float32; longer prompts are cut off at L."""
    tokenizer, encoder = base.text()
    length = min(tokenizer.model_max_length, encoder.config.max_position_embeddings)
    tokens = tokenizer(
        list(prompts), padding="max_length", max_length=length, truncation=True, return_tensors="pt"
    )
    found: Tensor = encoder.eval()(tokens.input_ids)[0]
    return found.float()
