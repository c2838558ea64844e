"""The long run: `python -m tests.faults --kills 100 --cases 100000`, from the repository."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .killing import kill_long
from .tally import table


def main() -> int:
    """Run what is asked for; return 1 where a fault was not survived."""
    parser = argparse.ArgumentParser(description="Many faults, and what medsynth made of them.")
    parser.add_argument("--kills", type=int, default=100, help="of four verbs together")
    asked = parser.parse_args()
    tallies = []
    with tempfile.TemporaryDirectory(prefix="medsynth-faults-") as folder:
        root = Path(folder)
        if asked.kills:
            (root / "kills").mkdir()
            tallies += kill_long(root / "kills", asked.kills)
    print(table(tallies))
    return int(any(tally.faults for tally in tallies))


if __name__ == "__main__":
    sys.exit(main())
