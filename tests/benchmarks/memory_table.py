"""What fits: the largest batch on a GPU of 12 to 80 GB, computed, not run.

    python tests/benchmarks/memory_table.py

Stable Diffusion v1.5 under the Siamese step at 384x384, after T/3. Counted are

- weights: those that are trained in fp32, also where bf16 or fp16 computes (mixed precision keeps
  master weights in fp32); frozen convolutions and linear layers in the precision that computes,
  frozen norms in fp32;
- a gradient in fp32 a trained parameter, all of the time, as under accumulation;
- AdamW's two moments: 8 bytes a trained parameter; with 8-bit states 2, and a scale every 256. It
  is the fused AdamW, which takes no more than that while it steps;
- an EMA, where there is one, in fp32;
- the VAE in fp32, which stays there to encode and for the grids; prompts are encoded on the CPU;
- the pass's batch;
- activations: the peak of what a pass allocates, forward and backward, followed storage by
  storage on fake tensors, with fused attention and autocast's rules for GPUs. Online-Augmentation
  has the most rows that a run of 3000 steps is to expect, not the average.

Validation and grids hold no gradients and need less than that: `--check` counts them too.

Off each GPU go 1.5 GB for the context, convolution workspaces and fragmentation.
"""

from __future__ import annotations

import argparse
import weakref
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest import mock

import torch
from diffusers import AutoencoderKL
from scipy.stats import binom
from sd15 import LATENT_CHANNELS, VAE, batch, build, vae
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from medsynth.model.precision import halve
from medsynth.model.siamese import ControlNetStep, Rows, SiameseStep
from medsynth.model.siamese_options import SiameseOptions

GPUS_GB = (12, 16, 24, 40, 80)
RESERVED_GB = 1.5
GB = 2**30
RANK = 16
CHANCE, AUGMENTED_STEPS = 0.201, 2000
"""How often a sample's t is up to 200, and the steps after T/3 of 3000."""


@dataclass(frozen=True)
class Setting:
    """How a fit is set up."""

    half: bool
    checkpointing: bool
    lora: bool = False
    small_adam: bool = False
    ema: bool = False

    def words(self) -> tuple[str, ...]:
        return (
            "bf16 or fp16" if self.half else "fp32",
            "on" if self.checkpointing else "off",
            f"LoRA, rank {RANK}" if self.lora else "all",
            "8-bit" if self.small_adam else "fp32",
            "yes" if self.ema else "no",
        )


SETTINGS = (
    Setting(half=False, checkpointing=True),  # as published
    Setting(half=False, checkpointing=False),
    Setting(half=True, checkpointing=True),
    Setting(half=True, checkpointing=True, ema=True),
    Setting(half=True, checkpointing=True, small_adam=True),
    Setting(half=True, checkpointing=False, small_adam=True),
    Setting(half=True, checkpointing=True, lora=True),
    Setting(half=True, checkpointing=True, lora=True, small_adam=True),
    Setting(half=True, checkpointing=False, lora=True, small_adam=True),
)


class PeakMemory(TorchDispatchMode):
    """Follows every storage that is made while it is on, from its making to its end.

    Args:
        known: tensors that are there before, and not counted.
    """

    def __init__(self, known=()) -> None:
        super().__init__()
        self.live_bytes = self.peak_bytes = 0
        self.known = {tensor.untyped_storage()._cdata for tensor in known}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                self.note(tensor.untyped_storage())
        return out

    def note(self, storage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self.known:
            return
        self.known.add(key)
        self.live_bytes += size
        self.peak_bytes = max(self.peak_bytes, self.live_bytes)
        weakref.finalize(storage, self.end, key, size)

    def end(self, key, size) -> None:
        self.known.discard(key)
        self.live_bytes -= size


class Lora(nn.Module):
    """A frozen linear layer and a trained one of low rank."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.up = nn.Linear(rank, base.out_features, bias=False)

    def forward(self, x):
        return self.base(x) + self.up(self.down(x))


def with_lora(decoder: nn.Module, rank: int) -> None:
    """Freeze the decoder half and put LoRA on its attention's four projections."""
    decoder.requires_grad_(False)
    for module in list(decoder.modules()):
        if hasattr(module, "to_q"):
            for name in ("to_q", "to_k", "to_v"):
                setattr(module, name, Lora(getattr(module, name), rank))
            module.to_out[0] = Lora(module.to_out[0], rank)


@contextmanager
def norms_as_on_gpus():
    """Normalise in fp32 under autocast, as on GPUs; the CPU's autocast does not by itself."""

    def in_fp32(normalise):
        def run(x, *args, **kwargs):
            if not torch.is_autocast_enabled("cpu"):
                return normalise(x, *args, **kwargs)
            with torch.autocast("cpu", enabled=False):
                return normalise(x.float(), *args, **kwargs)

        return run

    with ExitStack() as stack:
        for name in ("group_norm", "layer_norm"):
            stack.enter_context(mock.patch.object(F, name, in_fp32(getattr(F, name))))
        yield


def network_for(setting: Setting, build_network=build):
    """Return the network as it is trained; on fake tensors, so nothing is stored."""
    network = build_network(device="cpu")
    if setting.lora:
        with_lora(network.decoder, RANK)
    network.enable_checkpointing(setting.checkpointing)
    if setting.half:
        halve(network, {name for name, _ in network.named_parameters()}, "bf16")
    return network


def activation_bytes(network, setting: Setting, n: int, augmented: int, size: int) -> int:
    """Return the peak of what a pass allocates above weights and gradients, with its batch."""
    given = batch(n, size, device="cpu")
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None
    grads = [p.grad for p in network.parameters() if p.grad is not None]
    tensors = [t for t in (*given[:-1], *given.condition) if t is not None]
    known = [*network.parameters(), *network.buffers(), *grads, *tensors]
    rows = Rows(slice(None), torch.arange(augmented))
    step = SiameseStep(network, SiameseOptions())
    with norms_as_on_gpus(), PeakMemory(known) as memory:
        with torch.autocast("cpu", torch.bfloat16, enabled=setting.half):
            total = step(given, 0.9, rows).total
        total.backward()
    return memory.peak_bytes + sum(tensor.untyped_storage().nbytes() for tensor in tensors)


@dataclass(frozen=True)
class Activations:
    """Bytes as a function of batch and of samples that Online-Augmentation counts."""

    base: float
    sample: float
    augmented: float

    def at(self, n: int, augmented: int) -> float:
        return self.base + n * self.sample + augmented * self.augmented


def activations(network, setting: Setting, size: int) -> Activations:
    """Return the line through three counted steps."""
    two, four, more = (
        activation_bytes(network, setting, n, k, size) for n, k in ((2, 1), (4, 1), (4, 3))
    )
    sample, augmented = (four - two) / 2, (more - four) / 2
    return Activations(two - 2 * sample - augmented, sample, augmented)


def most_rows(n: int) -> int:
    """Return how many of `n` samples have t <= 200 in the worst step that a run is to expect."""
    return int(binom.isf(1 / AUGMENTED_STEPS, n, CHANCE))


def resident_bytes(setting: Setting, network: nn.Module, vae_parameters: int) -> float:
    """Return what stays on the GPU from step to step.

    Args:
        setting: how the fit is set up.
        network: as it is trained.
        vae_parameters: how many the VAE has.
    """
    weights = sum(p.numel() * p.element_size() for p in network.parameters())
    trained = sum(p.numel() for p in network.parameters() if p.requires_grad)
    moments = 2 * (1 + 4 / 256) if setting.small_adam else 8
    gradient_ema = 4 + 4 * setting.ema
    return weights + trained * (gradient_ema + moments) + 4 * vae_parameters


def validation_bytes(network, setting: Setting, n: int, size: int) -> int:
    """Return the peak of what a pass of the validation loss allocates, with its batch."""
    given = batch(n, size, device="cpu")
    tensors = [t for t in (*given[:-1], *given.condition) if t is not None]
    known = [*network.parameters(), *network.buffers(), *tensors]
    step = ControlNetStep(network, SiameseOptions())
    computing = torch.autocast("cpu", torch.bfloat16, enabled=setting.half)
    with torch.no_grad(), norms_as_on_gpus(), PeakMemory(known) as memory, computing:
        step(given, 0.0)
    return memory.peak_bytes + sum(tensor.untyped_storage().nbytes() for tensor in tensors)


def decoding_bytes(n: int, size: int) -> int:
    """Return the peak of what the VAE allocates to decode the latents of `n` images."""
    decoder = AutoencoderKL(**VAE).requires_grad_(False)
    latents = torch.randn(n, LATENT_CHANNELS, size // 8, size // 8)
    with torch.no_grad(), PeakMemory([*decoder.parameters(), latents]) as memory:
        decoder.decode(latents)
    return memory.peak_bytes


def check(size: int) -> None:
    """Print what validation and a grid take, beside a pass of the fit."""
    setting = Setting(half=True, checkpointing=True)
    with FakeTensorMode():
        network = network_for(setting)
        for n in (4, 8, 12):
            found = (
                activation_bytes(network, setting, n, most_rows(n), size),
                validation_bytes(network, setting, n, size),
                decoding_bytes(n, size),
            )
            step, validation, decoding = (f"{each / GB:.2f}" for each in found)
            print(f"{n} at once: a pass {step} GB, validation {validation}, decoding {decoding}")


def largest_batch(free_bytes: float, used: Activations) -> int:
    """Return the largest batch whose activations fit, 0 if none."""
    n = 0
    while used.at(n + 1, most_rows(n + 1)) <= free_bytes:
        n += 1
    return n


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=384, help="of the images, a multiple of 64")
    parser.add_argument("--check", action="store_true", help="count validation and grids instead")
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.size)
        return
    vae_parameters = sum(p.numel() for p in vae().parameters())
    sizes = " | ".join(f"{gpu} GB" for gpu in GPUS_GB)
    print(f"Largest batch a GPU at {arguments.size}x{arguments.size}; computed, not run.\n")
    print(
        "| computes in | checkpointing | decoder half | AdamW | EMA "
        f"| stays, GB | a sample, GB | {sizes} |"
    )
    print("|" + "---|" * (7 + len(GPUS_GB)))
    counted: dict[tuple[bool, bool, bool], Activations] = {}
    for setting in SETTINGS:
        kind = (setting.half, setting.checkpointing, setting.lora)
        with FakeTensorMode():
            network = network_for(setting)
            stays = resident_bytes(setting, network, vae_parameters)
            if kind not in counted:
                counted[kind] = activations(network, setting, arguments.size)
        used = counted[kind]
        batches = [largest_batch((gpu - RESERVED_GB) * GB - stays, used) for gpu in GPUS_GB]
        cells = [*setting.words(), f"{stays / GB:.1f}", f"{used.sample / GB:.2f}"]
        print("| " + " | ".join([*cells, *(str(n or "-") for n in batches)]) + " |", flush=True)


if __name__ == "__main__":
    main()
