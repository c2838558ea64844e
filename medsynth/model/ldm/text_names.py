"""The text encoder's tensors: `cond_stage_model.transformer.*` and CLIPTextModel.

Stable Diffusion 1.x holds a CLIPTextModel as transformers 4 names it, under `text_model.`;
transformers 5 has dropped that word. Names are as the installed transformers has them.
Stable Diffusion 2.x holds an open_clip model of which CLIPTextModel is only a part, so it
could not be given back whole: it is refused, see `take_text` of `split_checkpoint`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel

from medsynth.model.ldm.tensor_pairs import TensorPair, shapes_of

TEXT = "cond_stage_model."
CLIP = "cond_stage_model.transformer."
OPEN_CLIP = "cond_stage_model.model."
TOWER = "text_model."


def text_pairs(config: Mapping[str, Any], ldm_prefix: str = CLIP + TOWER) -> list[TensorPair]:
    """Return a text encoder's tensors under both names.

    Args:
        config: that of a CLIPTextModel.
        ldm_prefix: what the LDM names begin with; see `text_prefix`.
    """
    bare = {**config, "num_attention_heads": 1}  # heads change no shape
    shapes = shapes_of(lambda: CLIPTextModel(CLIPTextConfig(**bare)))
    return [
        TensorPair(ldm_prefix + own.removeprefix(TOWER), own, shape, shape)
        for own, shape in shapes.items()
    ]


def text_prefix(state: Mapping[str, Tensor]) -> str:
    """Return what the text encoder's names begin with in an LDM state dict."""
    return CLIP + TOWER if any(name.startswith(CLIP + TOWER) for name in state) else CLIP


def as_installed(part: Mapping[str, Tensor], pairs: list[TensorPair]) -> dict[str, Tensor]:
    """Return a text encoder's state dict of any transformers, in the names of this one."""
    tower = TOWER if any(pair.own.startswith(TOWER) for pair in pairs) else ""
    return {tower + name.removeprefix(TOWER): value for name, value in part.items()}
