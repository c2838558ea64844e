"""A pickle that runs a command where it is read without care."""

import os
from pathlib import Path

import torch


class Planted:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        """Return what the pickle calls."""
        return os.system, (f"touch {self.path}",)


def save_planted(path: Path, planted: Planted) -> None:
    """Write it as torch writes weights."""
    torch.save({"state_dict": planted}, path)
