"""The long run: `python -m tests.faults --kills 100 --cases 100000`, from the repository."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.conftest import RECIPE, draw_blobs

from .forked import Forked
from .killing import kill_long
from .load import load_long
from .long_cases import damage_long, guided_long, read_long
from .reading import CASES
from .tally import Tally, table
from .verbs import all_verbs


def main() -> int:
    """Run what is asked for; return 1 where a fault was not survived."""
    parser = argparse.ArgumentParser(description="Many faults, and what medsynth made of them.")
    parser.add_argument("--kills", type=int, default=100, help="of four verbs together")
    parser.add_argument("--damage", type=int, default=1, help="rounds over the files of a run")
    parser.add_argument("--cases", type=int, default=100_000, help="of hostile data")
    parser.add_argument("--kinds", nargs="+", choices=CASES, default=[*CASES], help="of data")
    parser.add_argument("--guided", type=int, default=0, help="files a kind, if atheris is there")
    parser.add_argument("--pairs", type=int, default=0, help="to index, as 100000")
    parser.add_argument("--samples", type=int, default=0, help="to export, as 50000")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="medsynth-faults-") as folder:
        root = Path(folder)
        tallies = read_long(root, asked.cases, asked.kinds) if asked.cases else []
        if asked.kills or asked.damage:
            tallies += _processes(root, asked.kills, asked.damage)
        tallies += guided_long(asked.guided) if asked.guided else []
        tallies += load_long(root, asked.pairs, asked.samples)
    print(table(tallies))
    return int(any(tally.faults for tally in tallies))


def _processes(root: Path, kills: int, damage: int) -> list[Tally]:
    """Return what came of faults that need a run and processes that use it."""
    (root / "tiny.yaml").write_text(RECIPE)
    draw_blobs(root / "data", n=40)
    forked = Forked()
    try:
        verbs = all_verbs(forked, root)
        tallies = kill_long(forked, verbs, root, kills) if kills else []
        if damage:
            tallies.append(damage_long(forked, verbs["augment"], root, damage))
    finally:
        forked.close()
    return tallies


if __name__ == "__main__":
    sys.exit(main())
