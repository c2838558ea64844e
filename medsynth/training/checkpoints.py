"""Checkpoints: everything a fit needs to go on, in safetensors, written all or nothing.

::

    checkpoints/codec.safetensors            the codec, once
    checkpoints/<phase>-<step>/weights.safetensors     live weights of the network
    checkpoints/<phase>-<step>/average.safetensors     moving average of the trained ones
    checkpoints/<phase>-<step>/optimizer.safetensors   AdamW's moments
    checkpoints/<phase>-<step>/state.json    phase, step, planned steps, hashes; written last

Weights that are their own average (`training.ema` 0) are written once: the average's hash is theirs
then, and it has no file.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from safetensors.torch import load, save
from torch import Tensor

from medsynth.core.errors import InputError
from medsynth.core.types import WhichWeights
from medsynth.io.atomic import TEMPORARY_PREFIX, make_folder, sync_folder, write_bytes, write_json
from medsynth.io.hashing import hash_bytes
from medsynth.io.json_text import parse_json

PARTS = ("weights", "average", "optimizer")
PHASES = ("base", "siamese")


@dataclass(frozen=True)
class CheckpointState:
    """Where a fit stands.

    phase: "base" or "siamese".
    step: finished steps of that phase.
    planned: planned steps by phase; the Siamese one is T.
    recipe_sha256: hash of the recipe's parts that the weights depend on.
    val_loss: mask branch's loss on the validation pairs, None where not measured.
    best: phase-step name of the best checkpoint so far, and its loss.
    sha256: hash of each part; of an average without a file, that of the weights.
    ended_early: whether the phase ends here, before its last planned step.
    """

    phase: str
    step: int
    planned: Mapping[str, int]
    recipe_sha256: str
    val_loss: float | None = None
    best: tuple[str, float] | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)
    ended_early: bool = False

    @property
    def name(self) -> str:
        """Name of its folder; names sort in the order of the fit."""
        return f"{self.phase}-{self.step:07d}"

    @property
    def ended(self) -> bool:
        """Whether its phase ends here."""
        return self.ended_early or self.step >= self.planned[self.phase]

    @property
    def files(self) -> list[str]:
        """The parts that have a file of their own."""
        return [part for part in self.sha256 if self.file_of(part) == part]

    def file_of(self, part: str) -> str:
        """Return the part whose file holds a part."""
        weights = self.sha256.get("weights")
        return "weights" if part == "average" and self.sha256[part] == weights else part

    def called(self, which: WhichWeights) -> str:
        """Return the name of the last or the best checkpoint of its phase, this being the last.

        Without any validation loss in that phase the last is the best.
        """
        best = self.best[0] if self.best is not None else ""
        return best if which == "best" and best.startswith(f"{self.phase}-") else self.name

    @property
    def order(self) -> tuple[int, int]:
        """Sorts checkpoints by phase, then step."""
        return PHASES.index(self.phase), self.step


def step_of(name: str) -> int:
    """Return the step of a checkpoint by its name.

    >>> step_of("siamese-0000400")
    400
    """
    return int(name.rpartition("-")[2])


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> str:
    """Write tensors as safetensors, atomically; return the file's SHA-256."""
    data = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
    write_bytes(path, data)
    return hash_bytes(data)


def load_tensors(path: Path, sha256: str | None = None) -> dict[str, Tensor]:
    """Read a safetensors file.

    Raises:
        InputError: missing, damaged, or not the file with this hash.
    """
    tip = "Restore it from a copy; or delete its folder to go on from an earlier checkpoint."
    try:
        data = path.read_bytes()
        if sha256 is not None and hash_bytes(data) != sha256:
            raise InputError(
                f"{path} is damaged or was changed: its hash is not the one recorded.", tip
            )
        tensors: dict[str, Tensor] = load(data)
        return tensors
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{path} cannot be read as safetensors: {error}", tip) from error


class Checkpoints:
    """The checkpoints of one run.

    Args:
        folder: the run's checkpoints folder; it need not exist yet.
        keep: how many of the newest are kept, besides the best.
    """

    def __init__(self, folder: Path, keep: int = 2) -> None:
        self.folder = folder
        self.keep = keep

    def save(
        self, state: CheckpointState, parts: Mapping[str, Mapping[str, Tensor]]
    ) -> CheckpointState:
        """Write a checkpoint; when this returns it is on the disk, and old ones are gone.

        Args:
            state: where the fit stands.
            parts: tensors by part, `weights` among them; without `average` they are their own.

        Raises:
            InputError: its validation loss is no number; nothing is written.
        """
        if state.val_loss is not None and not math.isfinite(state.val_loss):
            raise InputError(
                f"the validation loss is {state.val_loss} at {state.phase} step {state.step}: the "
                "fit diverged.",
                "The last checkpoint is whole. Start again with a third of the learning rate, "
                f"{state.phase}.learning_rate in its recipe.",
            )
        make_folder(self.folder)
        temporary = self.folder / (TEMPORARY_PREFIX + state.name)
        shutil.rmtree(temporary, ignore_errors=True)
        hashes = {
            name: save_tensors(temporary / f"{name}.safetensors", tensors)
            for name, tensors in parts.items()
        }
        hashes.setdefault("average", hashes["weights"])
        state = CheckpointState(**{**asdict(state), "sha256": hashes})
        write_json(temporary / "state.json", asdict(state))
        final = self.folder / state.name
        shutil.rmtree(final, ignore_errors=True)
        os.replace(temporary, final)
        sync_folder(self.folder)
        self._prune(state)
        return state

    def states(self) -> list[CheckpointState]:
        """Return all checkpoints, oldest first; unfinished ones are passed over."""
        found = [
            self.state(p.parent.name)
            for p in self.folder.glob("*-*/state.json")
            if not p.parent.name.startswith(".")
        ]
        return sorted(found, key=lambda state: state.order)

    def state(self, name: str) -> CheckpointState:
        """Return what a checkpoint says of itself.

        Raises:
            InputError: it is not there or cannot be read.
        """
        path = self.folder / name / "state.json"
        try:
            values = parse_json(path.read_text(encoding="utf-8"))
            best = values.pop("best")
            state = CheckpointState(**values, best=tuple(best) if best else None)
            if state.phase not in PHASES:
                raise ValueError(f"unknown phase '{state.phase}'")
            _ = state.order, state.ended  # makes sense of the rest
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(
                f"{path} is not a checkpoint's state: {error}",
                "Delete its folder to go on from an earlier checkpoint.",
            ) from error
        return state

    def newest(self) -> CheckpointState | None:
        """Return the newest checkpoint, if any; whether it is whole is not looked at."""
        return next(reversed(self.states()), None)

    def latest(self) -> CheckpointState | None:
        """Return the newest checkpoint whose parts are all there and unchanged, if any.

        Raises:
            InputError: there are checkpoints, but none of them is whole.
        """
        states = self.states()
        problem: InputError | None = None
        for state in reversed(states):
            try:
                for part in state.files:
                    self.load(state, part)
            except InputError as error:
                problem = problem or error
                continue
            return state
        if problem is not None:
            raise problem
        return None

    def load(self, state: CheckpointState, part: str) -> dict[str, Tensor]:
        """Read one part of a checkpoint, checked against its hash.

        Of weights that are their own average, the average has the frozen ones too.
        """
        path = self.folder / state.name / f"{state.file_of(part)}.safetensors"
        return load_tensors(path, state.sha256[part])

    def _prune(self, newest: CheckpointState) -> None:
        states = self.states()
        kept = {state.name for state in states[-self.keep :]}
        last_base = [state for state in states if state.phase == "base"][-1:]
        for state in (newest, *last_base):
            kept.add(state.name)
            if state.best is not None:
                kept.add(state.best[0])
        for state in states:
            if state.name not in kept:
                shutil.rmtree(self.folder / state.name, ignore_errors=True)
        for leftover in self.folder.glob(TEMPORARY_PREFIX + "*"):
            shutil.rmtree(leftover, ignore_errors=True)
