"""The fit's log: `log.jsonl`, and the same figures for TensorBoard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from medsynth.io.atomic import write_text
from medsynth.io.json_text import parse_json
from medsynth.training.checkpoints import PHASES, CheckpointState


class FitLog:
    """Appends rows of figures; on resume, rows after the checkpoint are dropped first.

    Args:
        path: log.jsonl.
        tensorboard: folder of TensorBoard's event files.
        resume: the checkpoint that the fit goes on from.
        base_steps: planned steps of the base phase; TensorBoard counts both phases as one.
    """

    def __init__(
        self, path: Path, tensorboard: Path, resume: CheckpointState | None, base_steps: int
    ) -> None:
        from torch.utils.tensorboard.writer import SummaryWriter

        self.path = path
        self.base_steps = base_steps
        kept = [] if resume is None else [r for r in read_log(path) if is_before(r, resume)]
        write_text(path, "".join(json.dumps(row) + "\n" for row in kept))
        purge = None if resume is None else self._total(resume.phase, resume.step) + 1
        self._writer = SummaryWriter(str(tensorboard), purge_step=purge)

    def write(self, row: Mapping[str, float | int | str]) -> None:
        """Append a row with at least "phase" and "step"."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(row)) + "\n")
        total = self._total(str(row["phase"]), int(row["step"]))
        for key, value in row.items():
            if key not in ("phase", "step"):
                self._writer.add_scalar(f"{row['phase']}/{key}", float(value), total)

    def close(self) -> None:
        """Flush TensorBoard's file."""
        self._writer.close()

    def _total(self, phase: str, step: int) -> int:
        return step + (self.base_steps if phase == "siamese" else 0)


def read_log(path: Path) -> list[dict[str, Any]]:
    """Return the log's rows; torn and damaged ones are passed over."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_bytes().splitlines():
        with suppress(ValueError, TypeError, KeyError):
            row = parse_json(line)
            if row["phase"] in PHASES and int(row["step"]) >= 0:
                rows.append(row)
    return rows


def is_before(row: Mapping[str, Any], state: CheckpointState) -> bool:
    """Return whether a row was logged no later than a checkpoint."""
    return (PHASES.index(row["phase"]), row["step"]) <= state.order
