"""Which device computes, and with how many threads."""

from __future__ import annotations

from collections.abc import Callable

import torch

from medsynth.core.errors import UsageError


def choose_device(name: str | None) -> torch.device:
    """Return the device asked for, or the best there is: CUDA, then MPS, then the CPU.

    Raises:
        UsageError: it is not there.
    """
    there = ["cpu"]
    if torch.cuda.is_available():
        there = [*(f"cuda:{k}" for k in range(torch.cuda.device_count())), *there]
    if torch.backends.mps.is_available():
        there = ["mps", *there]
    if name in (None, "auto"):
        return torch.device(there[0])
    wanted = "cuda:0" if name == "cuda" else name
    if wanted not in there:
        raise UsageError(
            f"the device '{name}' is not there.", "This machine has: " + ", ".join(there) + "."
        )
    return torch.device(wanted)


def computes_in_bf16() -> bool:
    """Return whether this CPU has units for bf16 (AVX-512 BF16 or AMX).

    No where torch cannot tell: older versions, other architectures.
    """
    told: Callable[[], dict[str, object]] | None = getattr(torch.cpu, "get_capabilities", None)
    found = {} if told is None else told()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))


def settle_threads(threads: int) -> int:
    """Use this many CPU threads (0: as many as torch finds) and return how many those are."""
    if threads:
        torch.set_num_threads(threads)
    return torch.get_num_threads()
