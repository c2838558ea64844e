"""Work in smaller and smaller parts, where an accelerator runs out of memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

from medsynth.core.errors import InputError

T = TypeVar("T")


def halving(make: Callable[[int], T], size: int, device: torch.device) -> tuple[T, int]:
    """Return what `make` makes, and how many at once its device's memory held.

    Args:
        make: makes it, so many at once.
        size: to begin with; halved while memory runs out.
        device: where it is made.

    Raises:
        InputError: the memory does not suffice for one at once.
    """
    while True:
        made = _tried(make, size, device)
        if made is not None:
            return made, size
        size = (size + 1) // 2
        if device.type == "cuda":
            # Out here: as long as an error is handled its traceback keeps tensors.
            torch.cuda.empty_cache()


def _tried(make: Callable[[int], T], size: int, device: torch.device) -> T | None:
    try:
        return make(size)
    except torch.OutOfMemoryError as error:
        if size == 1:
            raise InputError(
                f"{device} has too little memory for a single image.",
                "Use a smaller data.size, or --device cpu.",
            ) from error
        return None
