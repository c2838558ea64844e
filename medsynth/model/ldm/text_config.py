"""A text encoder's config, told from the shapes in an LDM state dict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from medsynth.core.errors import InputError
from medsynth.model.ldm.text_names import OPEN_CLIP, TEXT, text_prefix

HEAD_CHANNELS = 64
"""CLIP's text encoders have so many channels a head (Radford et al., ICML 2021)."""


def infer_text_config(
    state: Mapping[str, Tensor], heads: int | None = None
) -> dict[str, Any] | None:
    """Return the config of a CLIPTextModel that fits the `cond_stage_model.transformer.*`.

    Args:
        state: an LDM state dict.
        heads: attention heads, which leave no trace in shapes; by default one for 64 channels.

    Returns: the config, or None where the state dict has no text encoder.

    Raises:
        InputError: the text encoder is open_clip's, as in Stable Diffusion 2.x, or unknown.
    """
    if not any(name.startswith(TEXT) for name in state):
        return None
    if any(name.startswith(OPEN_CLIP) for name in state):
        raise InputError(
            "the checkpoint's text encoder is open_clip's, as in Stable Diffusion 2.x; it "
            "cannot be taken over.",
            "The text encoder then comes from the base: name a Stable Diffusion 2.x model in "
            "diffusers layout as the base.",
        )
    prefix = text_prefix(state)
    text = {n.removeprefix(prefix): tuple(v.shape) for n, v in state.items()}
    try:
        return _config(text, heads)
    except (LookupError, ValueError) as error:
        raise InputError(
            f"the checkpoint's text encoder is not CLIP's: looking for {error}.",
            "Is the file complete?",
        ) from error


def _config(text: Mapping[str, tuple[int, ...]], heads: int | None) -> dict[str, Any]:
    vocabulary, width = text["embeddings.token_embedding.weight"]
    return {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": text["encoder.layers.0.mlp.fc1.weight"][0],
        "num_hidden_layers": sum(n.endswith(".mlp.fc1.weight") for n in text),
        "num_attention_heads": heads or max(1, width // HEAD_CHANNELS),
        "max_position_embeddings": text["embeddings.position_embedding.weight"][0],
        "hidden_act": "quick_gelu",
    }
