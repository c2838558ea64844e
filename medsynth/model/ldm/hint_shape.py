"""Size of Dense Hint Input, told from an LDM state dict or from a ControlNet's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from medsynth.core.errors import InputError

LDM_HINT = "control_model.input_hint_block.0."
OWN_HINT = "controlnet_cond_embedding.hint."


class HintShape(NamedTuple):
    """Channels of the first block and patch merges; 16 and 3 as published."""

    width: int
    merges: int


def infer_hint_shape(state: Mapping[str, Tensor], hint: str = LDM_HINT) -> HintShape:
    """Return the size of the Dense Hint Input whose tensors' names begin with `hint`.

    Raises:
        InputError: there is none, as in a ControlNet with its own hint stem.
    """
    first = state.get(f"{hint}initial_conv.weight")
    if first is None:
        raise InputError(
            f"the checkpoint has no Dense Hint Input ({hint}initial_conv.weight).",
            "Only ControlNets of Siamese-Diffusion can be imported. A plain Stable Diffusion "
            "checkpoint is a base: name it in the recipe and fit.",
        )
    merges = sum(name.startswith(hint) and name.endswith(".reduction.weight") for name in state)
    return HintShape(first.shape[0], merges)
