"""Low-rank updates of the decoder half (Hu et al., ICLR 2022), by peft."""

from __future__ import annotations

from medsynth.core.errors import UsageError
from medsynth.model.network import HintedDiffusion

TARGETS = r"up_blocks\..*\.(to_q|to_k|to_v|to_out\.0)"
"""Which linear layers of the U-Net get an update: the attention's, of the decoder half."""


def add_lora(network: HintedDiffusion, rank: int) -> None:
    """Freeze the U-Net and add trainable low-rank updates to its decoder half.

    The updates begin at zero. What is frozen stays the base's own.

    Raises:
        UsageError: peft is not installed.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise UsageError(
            "model.stable_diffusion.lora_rank needs peft, which is not installed.",
            "pip install 'medsynth[lora]'",
        ) from error
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=TARGETS, bias="none")
    inject_adapter_in_model(config, network.unet)
    frozen = [f"unet.{n}" for n, p in network.unet.named_parameters() if ".lora_" not in n]
    network.borrow(frozen)


def merge_lora(network: HintedDiffusion) -> None:
    """Add the updates to the weights for good, and take their layers away, in place."""
    for path, module in list(network.unet.named_modules()):
        if hasattr(module, "merge") and hasattr(module, "base_layer"):
            module.merge()
            parent, _, name = path.rpartition(".")
            setattr(network.unet.get_submodule(parent), name, module.base_layer)
