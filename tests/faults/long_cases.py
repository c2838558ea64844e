"""The long run's hostile data and damaged runs, case after case."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .damage import suffer, targets
from .forked import Forked
from .lives import Verb
from .reading import CASES, SLOW, run_case
from .tally import Tally
from .targets import TARGETS

SHARES = {"picture": 0.7, **dict.fromkeys(SLOW, 0.01)}
"""Of all cases; the other kinds share the rest. Most damage is damage to pictures."""
GUIDED_SHARES = dict.fromkeys(SLOW, 0.01)
MOST_S = 10


def read_long(root: Path, cases: int, kinds: Sequence[str]) -> list[Tally]:
    """Read hostile data; return a line a kind, whose share is the same whatever the others are."""
    tallies = []
    rest = (1 - sum(SHARES.values())) / (len(CASES) - len(SHARES))
    for kind in kinds:
        tally = Tally(f"hostile {kind}")
        with _muted():
            for seed in range(round(cases * SHARES.get(kind, rest))):
                tally.add(1, _one(kind, seed, root))
        tallies.append(tally)
    return tallies


def guided_long(runs: int) -> list[Tally]:
    """Fuzz each target by atheris, in a process of its own; return a line a target."""
    tallies = []
    for kind in TARGETS:
        tally = Tally(f"led by coverage: {kind}")
        tally.add(*guided(kind, round(runs * GUIDED_SHARES.get(kind, 1))))
        tallies.append(tally)
    return tallies


def guided(kind: str, runs: int) -> tuple[int, list[str]]:
    """Return how many files were read, and what went wrong."""
    command = [sys.executable, "-m", "tests.faults.guided", kind, "--runs", str(runs)]
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    found = re.search(r"number_of_executed_units:\s*(\d+)", ended.stderr)
    read = int(found[1]) if found else 0
    if ended.returncode == 0 and read:
        return read, []
    told = [each for each in ended.stderr.splitlines() if re.search("Error|ERROR|written", each)]
    return max(read, 1), [f"{kind}: exit {ended.returncode}: {'; '.join(told[-4:])[:400]}"]


def damage_long(forked: Forked, verb: Verb, root: Path, rounds: int) -> Tally:
    """Damage each file of an augmented run `rounds` times, use the run, and count."""
    tally = Tally("a damaged file of a run")
    for number in range(rounds):
        for k, file in enumerate(targets(verb.whole / "run")):
            folder = root / "damaged"
            shutil.copytree(verb.whole, folder)
            _, faults = suffer(forked, folder, file, 1000 * number + k)
            tally.add(1, faults)
            shutil.rmtree(folder)
    return tally


def _one(kind: str, seed: int, root: Path) -> list[str]:
    above = Path(tempfile.mkdtemp(dir=root))
    (above / "data").mkdir()
    began = time.monotonic()
    try:
        run_case(kind, seed, above / "data")
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return [f"{kind} {seed}: {type(error).__name__}: {str(error)[:200]}"]
    else:
        took = time.monotonic() - began
        slow = [f"{kind} {seed}: took {took:.0f} s"] if took > MOST_S else []
        outside = sorted(path.name for path in above.iterdir() if path.name != "data")
        return slow + [f"{kind} {seed}: wrote {name} outside" for name in outside]
    finally:
        shutil.rmtree(above)


@contextmanager
def _muted() -> Iterator[None]:
    """Keep what decoders in C print of damaged files off the screen."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
