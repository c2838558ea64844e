"""What a folder holds, for comparing two of them: without times and without locks."""

from __future__ import annotations

import json
from pathlib import Path

from medsynth.training.checkpoints import Checkpoints

PASSED_OVER = ("tensorboard/", "log.jsonl", ".lock", "runs/latest")
"""Figures with times in them, locks, and the one file that says where it lies."""


def files(folder: Path) -> dict[str, bytes]:
    """Return every file's bytes by its name."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return {name: data for name, data in found.items() if not _is_passed_over(name)}


def strays(folder: Path) -> list[str]:
    """Return temporary files and holders of locks that somebody has left."""
    return [path.name for path in folder.rglob(".medsynth-*")] + [
        path.name for path in folder.rglob(".lock-holder")
    ]


def differences(folder: Path, whole: Path) -> list[str]:
    """Return how `folder` differs from what an uninterrupted command left in `whole`.

    A stop writes a checkpoint of its own, so the one that is kept before the last may be another.
    """
    found, expected = _settled(folder), _settled(whole)
    named = [
        f"{name} differs, lacks or is more"
        for name in sorted({*found, *expected})
        if found.get(name) != expected.get(name)
    ]
    return named + [f"{name} was left" for name in strays(folder)] + _twice(folder / "run")


def _settled(folder: Path) -> dict[str, bytes]:
    """Return the files; of checkpoints the last, the best, and the base phase's last."""
    state = Checkpoints(folder / "run" / "checkpoints").latest()
    kept = ("base-", "codec", state.name, *(state.best or ())[:1]) if state else ()
    head = "run/checkpoints/"
    return {
        name: data
        for name, data in files(folder).items()
        if not name.startswith(head) or name.removeprefix(head).startswith(kept)
    }


def _twice(folder: Path) -> list[str]:
    """Return what stands twice in the fit's log."""
    log = folder / "log.jsonl"
    if not log.is_file():
        return []
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    steps = [(row["phase"], row["step"], tuple(sorted(row))) for row in rows]
    return [f"log.jsonl has {step} twice" for step in set(steps) if steps.count(step) > 1]


def _is_passed_over(name: str) -> bool:
    return name.endswith(PASSED_OVER[1:]) or PASSED_OVER[0] in name
