"""augment by the processes of an `accelerate launch`: a shard each, merged by the main one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from medsynth.core.errors import InputError, MedsynthError, UsageError
from medsynth.io.runs import Run, name_latest
from medsynth.store.samples import SampleStore
from medsynth.training.processes import Processes
from medsynth.workflows.augment.config import AugmentConfig, AugmentResult, result_of
from medsynth.workflows.augment.here import augment_here
from medsynth.workflows.hardware import choose_device
from medsynth.workflows.processes import join_processes
from medsynth.workflows.recipe import Recipe
from medsynth.workflows.shards.merge import merge_shards
from medsynth.workflows.shards.name import ShardName
from medsynth.workflows.shards.shard import make_shard

PATIENCE = timedelta(days=30)
"""How long the processes wait for the slowest of them: they meet once their shards are made."""
Report = Callable[[int, int, str], None]


def augment_together(
    run: Run, recipe: Recipe, config: AugmentConfig, report: Report
) -> AugmentResult:
    """Make a shard in each process; the main one merges them.

    Where the reserve did not suffice, the main process goes on alone. All must see the run's
    folder.
    """
    processes, device = join_processes(choose_device(config.device), PATIENCE)
    config = replace(config, device=str(device))
    if not processes.is_main:
        if processes.told(None) is None:
            raise UsageError("the main process could not begin.", "See what it says.")
        return _shard(run, recipe, config, processes, report)
    told = False
    try:
        with run.lock("augment"):
            told = bool(processes.told("begin"))
            before = SampleStore(run.samples).count("accepted")
            shard = _shard(run, recipe, config, processes, report)
            if shard.shard is None:  # the run has enough
                return shard
            names = [ShardName(k, processes.count).folder for k in range(processes.count)]
            found = merge_shards(run, [run.shards / name for name in names], report)
            name_latest(run)
            if found.accepted < found.wanted:
                result = augment_here(run, recipe, config, report)
                return replace(result, made=result.accepted - before)
    finally:
        if not told:
            processes.told(None)
    return result_of(run.path, SampleStore(run.samples), found.added)


def _shard(
    run: Run, recipe: Recipe, config: AugmentConfig, processes: Processes, report: Report
) -> AugmentResult:
    """Make this process's shard, and wait for the others.

    Raises:
        InputError: this process or another failed.
    """
    name = ShardName(processes.rank, processes.count)
    failure: MedsynthError | None = None
    result = None
    try:
        result = make_shard(run, recipe, config, name, report)
    except MedsynthError as error:
        failure = error
    said = None if failure is None else f"process {processes.rank}: {failure.what}"
    others = [each for each in processes.gathered(said) if each is not None]
    if failure is not None:
        raise failure
    if others:
        raise InputError(
            f"{len(others)} of {processes.count} processes failed; {others[0]}",
            "The same command goes on with what is missing.",
        )
    assert result is not None
    return result
