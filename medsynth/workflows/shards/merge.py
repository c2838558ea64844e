"""merge: the shards of a run become its samples, as if one process had made them all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from medsynth.core.errors import UsageError
from medsynth.io.atomic import TEMPORARY_PREFIX
from medsynth.io.runs import Run, find_run, name_latest
from medsynth.store.adopt import adopt
from medsynth.store.manifest import ManifestRow
from medsynth.store.samples import SampleStore
from medsynth.workflows.augment.planned_work import begin_plan
from medsynth.workflows.shards.facts import read_facts
from medsynth.workflows.shards.opening import open_set, shard_folders
from medsynth.workflows.shards.plans import join_plans
from medsynth.workflows.shards.shard_set import told_lacks

Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class MergeResult:
    """What the run holds now.

    added: samples that came from the shards.
    wanted: how many there should be; more than `accepted` where the reserve did not suffice.
    """

    run: Path
    accepted: int
    given_up: int
    added: int
    wanted: int


def merge(run: Path | None, shards: Sequence[Path], report: Report) -> MergeResult:
    """Take the samples of shards over into their run.

    Args:
        run: the run; None for the latest.
        shards: their folders; none for all that lie in the run, which are gone afterwards.
        report: progress, in rows of the manifest.

    Raises:
        UsageError: no run, or no shards.
        InputError: shards do not belong together or to the run, lack something or are damaged;
            or somebody is at work on them.
    """
    own = find_run(run)
    with own.lock("merge"):
        folders = list(shards) or shard_folders(own)
        if not folders:
            raise UsageError(
                f"{own.path} has no shards to merge.",
                f"Make some: medsynth augment --n 1000 --shard 0/2 --run {own.path}",
            )
        result = merge_shards(own, folders, report)
        name_latest(own)
    return result


def merge_shards(run: Run, folders: Sequence[Path], report: Report) -> MergeResult:
    """Merge these shards; the caller holds the run's lock."""
    with ExitStack() as locks:
        for folder in folders:
            read_facts(folder)  # else a lock would be made where there is no shard
            locks.enter_context(Run(folder).lock("merge"))
        opened = open_set(run, folders)
        whole = SampleStore(run.samples)
        before = whole.count("accepted")
        end = opened.end(whole)
        if end is None:
            raise told_lacks(opened.lacks(whole), opened.facts, run)
        if next(whole.rows(), None) is None:
            begin_plan(run)  # what is there is perhaps of another seed, or of other options
        join_plans(run.plan, [folder / "plan.jsonl" for folder in folders])
        adopt(run.samples, told(opened.rows(whole, end), end, report))
    after = SampleStore(run.samples)
    after.recover()  # keeps what it has read of the manifest
    remove_shards(run, folders)
    accepted, given_up = after.count("accepted"), after.count("given-up")
    return MergeResult(run.path, accepted, given_up, accepted - before, opened.facts.n)


def told(
    rows: Iterator[tuple[ManifestRow, Path]], end: int, report: Report
) -> Iterator[tuple[ManifestRow, Path]]:
    """Yield rows, and tell how far in the plan they are."""
    for row, folder in rows:
        yield row, folder
        report(row.index + 1, end, "")


def remove_shards(run: Run, folders: Sequence[Path]) -> None:
    """Remove merged shards that lie in the run, and what a kill left of such; no others."""
    for folder in folders:
        if folder.resolve().parent == run.shards.resolve():
            os.replace(folder, run.shards / f"{TEMPORARY_PREFIX}{folder.name}")
    for left in run.shards.glob(f"{TEMPORARY_PREFIX}*"):
        shutil.rmtree(left)
    with suppress(OSError):  # there is none, or it holds shards of another set
        run.shards.rmdir()
