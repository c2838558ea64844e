"""Inside a residual block of the U-Net: diffusers' names to LDM's."""

from __future__ import annotations

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
"""LDM numbers the layers of its nn.Sequential; SiLU and dropout take up the other numbers."""


def resnet_modules(own: str, ldm: str) -> dict[str, str]:
    """Return the modules of the residual block that is called `own` here and `ldm` there."""
    return {f"{own}.{ours}": f"{ldm}.{theirs}" for ours, theirs in RESNET.items()}
