"""The run folder: one place that says what lies where in it.

::

    recipe.yaml     the resolved recipe
    run.json        medsynth's and its libraries' versions, device, seeds
    index.json      data root, classes, mask coding, geometry
    items.jsonl     one line a real pair: hashes, group, split
    trained_on.jsonl  one line a pair that the weights have learned from, ancestors' included
    plan.jsonl      the mask plan
    pseudonyms.key  only where an export asked for pseudonyms: leads back from them to names
    given.jsonl     only in a run that was given away: the part of the plan that came with it
    log.jsonl       losses and rates, one line a report
    checkpoints/    fitted weights and the state to go on from
    grids/          sample grids made as training went
    tensorboard/    the same figures as log.jsonl
    cache/          encoded images, kept so that they are encoded once; may be deleted
    samples/        images/, masks/, instances/ and manifest.jsonl
    gates/          what judges the samples: segmenters, and gates.json with the thresholds
    shards/         of a job array, until they are merged: plan.jsonl and samples/ of each
    evaluation.json what evaluate has found, in figures
    proof/          segmenters fitted on real and synthetic pairs, and what they reached; proof.json
    exports/        one folder a format
    report.html     what evaluate and prove have found, for people
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from medsynth.core.errors import InputError, UsageError, listed
from medsynth.io.atomic import make_folder, remove_leftovers, write_text

RUNS = Path("runs")
LATEST = "latest"


class Run:
    """The paths of one run folder; nothing is created until something is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recipe = path / "recipe.yaml"
        self.about = path / "run.json"
        self.plan = path / "plan.jsonl"
        self.given = path / "given.jsonl"
        self.log = path / "log.jsonl"
        self.checkpoints = path / "checkpoints"
        self.grids = path / "grids"
        self.tensorboard = path / "tensorboard"
        self.cache = path / "cache"
        self.samples = path / "samples"
        self.gates = path / "gates"
        self.shards = path / "shards"
        self.proof = path / "proof"
        self.evaluation = path / "evaluation.json"
        self.verdict = self.proof / "proof.json"
        self.exports = path / "exports"
        self.report = path / "report.html"

    @contextmanager
    def lock(self, verb: str) -> Iterator[None]:
        """Hold the run for writing; the system frees the lock of a process that died.

        What such a process left half-written is removed.

        Raises:
            InputError: another process holds it; the message says which.
        """
        made = self._make_folder()
        holder = self.path / ".lock-holder"
        try:
            with FileLock(self.path / ".lock", timeout=0):
                who = f"medsynth {verb}, process {os.getpid()} on {socket.gethostname()}"
                holder.write_text(who, encoding="utf-8")
                try:
                    self._remove_leftovers()
                    yield
                finally:
                    holder.unlink(missing_ok=True)
                    if made:
                        self._remove_if_nothing_came(made)
        except Timeout as error:
            who = holder.read_text(encoding="utf-8") if holder.is_file() else "another process"
            raise InputError(
                f"{self.path} is in use by {who}.", "Wait for it to end, or stop it first."
            ) from error

    def secret(self) -> bytes:
        """Return 32 random bytes of this run's own, drawn when they are first asked for."""
        path = self.path / "pseudonyms.key"
        with FileLock(self.path / "pseudonyms.lock"):
            if not path.exists():
                write_text(path, secrets.token_hex(32) + "\n")
        try:
            return bytes.fromhex(path.read_text("utf-8"))
        except ValueError as error:
            raise InputError(
                f"{path} is damaged.", "Delete it; exports get other pseudonyms then."
            ) from error

    def _remove_leftovers(self) -> None:
        """Remove temporary files where nobody writes without this lock; a store sees to its own."""
        remove_leftovers(self.path)
        for folder in (self.checkpoints, self.grids, self.cache, self.proof):
            remove_leftovers(folder, "**/")

    def _make_folder(self) -> list[Path]:
        """Make the folder; return what had to be made for it, innermost first."""
        missing = [path for path in (self.path, *self.path.parents) if not path.exists()]
        try:
            make_folder(self.path)
        except (FileExistsError, NotADirectoryError) as error:
            file = next(p for p in (self.path, *self.path.parents) if p.exists())
            raise UsageError(
                f"{self.path} cannot be a run: {file} is a file.", "Give another folder with --run."
            ) from error
        return missing

    def _remove_if_nothing_came(self, made: list[Path]) -> None:
        """Remove the folders that were made where there is nothing but the lock in them."""
        if [path.name for path in self.path.iterdir()] == [".lock"]:
            with suppress(OSError):  # not empty after all; or Windows keeps a file that is open
                (self.path / ".lock").unlink()
                for path in made:
                    path.rmdir()


def new_run(stem: str, runs: Path = RUNS) -> Run:
    """Return the next free run folder `runs/<stem>-<k>`; it is not created yet."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-").lower() or "run"
    k = 1
    while (runs / f"{safe}-{k}").exists():
        k += 1
    return Run(runs / f"{safe}-{k}")


def name_latest(run: Run, runs: Path = RUNS) -> None:
    """Let `runs/latest` (a text file, so that it works everywhere) name this run.

    Where the working folder cannot be written, nothing is named: a run elsewhere works as well.
    """
    try:
        make_folder(runs)
        with FileLock(runs / ".lock"):
            remove_leftovers(runs)
            write_text(runs / LATEST, str(run.path.resolve()) + "\n")
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise


def is_run(path: Path) -> bool:
    """Return whether a folder is a run; either file alone may be anybody's."""
    run = Run(path)
    return run.recipe.is_file() and run.about.is_file()


def find_run(path: Path | None, runs: Path = RUNS) -> Run:
    """Return the run at `path`, or the latest one where `path` is None.

    Raises:
        UsageError: there is none; the tip says how to make one.
    """
    tip = "Fit one first: medsynth fit DATA"
    if path is None:
        latest = runs / LATEST
        if not latest.is_file():
            raise UsageError(f"there is no run yet: {latest} does not exist.", tip)
        path = Path(latest.read_text(encoding="utf-8").strip())
        if not path.is_dir():
            raise UsageError(f"{latest} names {path}, which is gone.", "Give one with --run DIR.")
    if not path.exists():
        raise UsageError(f"there is no run {path}: no such folder.", tip)
    if not (path / "recipe.yaml").is_file():
        inside = sorted(found.parent.name for found in path.glob("*/recipe.yaml"))
        if inside:
            raise UsageError(
                f"{path} is a folder of runs, not a run: {listed(inside)}.",
                f"Name one of them, for example {path / inside[0]}",
            )
        raise UsageError(f"{path} is not a medsynth run: it has no recipe.yaml.", tip)
    return Run(path)
