"""A run with one of its files damaged, and the commands that then read it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from .forked import Forked

KNOWN = (0, 2, 3)
"""Exit codes of a command that knows what it met: done all the same, wrong usage, wrong input."""


def flipped(data: bytes, rng: random.Random) -> bytes:
    """Return the data with one bit changed."""
    changed = bytearray(data or b"\0")
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncated(data: bytes, rng: random.Random) -> bytes:
    """Return a part of it from the beginning."""
    return data[: rng.randrange(len(data) or 1)]


def zeroed(data: bytes, rng: random.Random) -> bytes:
    """Return the data with zeros from somewhere on, as some file systems leave it."""
    at = rng.randrange(len(data) or 1)
    return data[:at] + bytes(len(data) - at)


def other(data: bytes, rng: random.Random) -> bytes:
    """Return what was never the file's."""
    return rng.choice((b"", b"[]", b"null", b'"x"', b"{}", b"\xff\xfe\x00", b"[" * 50_000, b"7\n"))


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (flipped, truncated, zeroed, other)
COMMANDS: tuple[tuple[object, ...], ...] = (
    ("show", "run"),
    ("fit", "--resume", "--run", "run"),
    ("augment", "--n", 12, "--run", "run"),
    ("export", "--format", "coco", "--run", "run", "--overwrite"),
)


def targets(run: Path) -> list[Path]:
    """Return the files of a run that a command may read, relative to it."""
    found = (path.relative_to(run) for path in sorted(run.rglob("*")) if path.is_file())
    return [path for path in found if path.name != ".lock" and path.parts[0] != "tensorboard"]


def suffer(forked: Forked, folder: Path, file: Path, seed: int) -> tuple[str, list[str]]:
    """Damage a file of `folder`/run, use the run; return what was done, and what went wrong."""
    rng = random.Random(seed)
    damage, path = rng.choice(DAMAGES), folder / "run" / file
    path.write_bytes(damage(path.read_bytes(), rng))
    faults = []
    for command in COMMANDS:
        ended = forked.run(folder, *command)
        if ended.code not in KNOWN or "Traceback" in ended.said:
            told = ended.said.strip().splitlines()[-6:]
            faults.append(f"{damage.__name__} {file}, {command[0]}: exit {ended.code}: {told}")
    return f"{damage.__name__} {file}", faults
