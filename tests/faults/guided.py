"""Hostile bytes that coverage leads to, by atheris (libFuzzer), in a process of their own.

    pip install atheris
    python -m tests.faults.guided picture --runs 100000

The targets' readers get files whose bytes libFuzzer changes, and keeps where they reach new lines
of medsynth. It ends at the first crash, hang or excess of memory; those bytes stay in the working
folder.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import warnings
from pathlib import Path

MOST_S, MOST_MIB = 10, 4096


def fuzz(kind: str, runs: int, folder: Path) -> None:
    """Let libFuzzer read so many files of a kind; it leaves the process with its own exit code."""
    import atheris

    with atheris.instrument_imports(include=["medsynth"]):  # so nothing of it is imported above
        from medsynth.core.errors import MedsynthError

        from .targets import TARGETS

    target = TARGETS[kind]
    seeds, data = folder / "seeds", folder / "data"
    for made in (seeds, data):
        made.mkdir()
    for k, seed in enumerate(target.seeds()):
        (seeds / str(k)).write_bytes(seed)
    target.lay(data)

    def one(changed: bytes) -> None:
        if target.file:
            (data / target.file).write_bytes(changed)
        try:
            target.read(data, changed)
        except MedsynthError:
            return  # a sentence, and exit 2 or 3

    warnings.simplefilter("ignore")
    asked = {
        "runs": runs, "timeout": MOST_S, "rss_limit_mb": MOST_MIB, "print_final_stats": 1,
        "max_len": 65_536, "artifact_prefix": f"{os.getcwd()}/", "seed": 1,
    }  # fmt: skip
    atheris.Setup(
        ["guided", *(f"-{name}={value}" for name, value in asked.items()), str(seeds)], one
    )
    atheris.Fuzz()


def main() -> None:
    """Fuzz one kind, as asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", help="a target of `targets.py`")
    parser.add_argument("--runs", type=int, default=10_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="medsynth-guided-") as folder:
        fuzz(asked.kind, asked.runs, Path(folder))


if __name__ == "__main__":
    main()
