"""augment --shard: some of a run's blocks, beside its samples until all shards are merged.

A shard has a folder of its own, `RUN/shards/i-of-k`, with plan, samples and lock as a run has
them; shards share the run's gates. Planning is deterministic, so all plan alike.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from medsynth import __version__
from medsynth.core.errors import InputError, UsageError
from medsynth.io.atomic import atomic_path
from medsynth.io.hashing import hash_json
from medsynth.io.interrupts import asked_to_stop
from medsynth.io.runs import Run
from medsynth.masks.plan import plan_length
from medsynth.store.samples import SampleStore
from medsynth.workflows.augment.augmentation import Augmentation
from medsynth.workflows.augment.config import AugmentConfig, AugmentResult, result_of
from medsynth.workflows.augment.engine import LocalEngine
from medsynth.workflows.augment.making import Making, load_making
from medsynth.workflows.augment.mixture import refuse_fewer, refuse_mixture
from medsynth.workflows.augment.planned_work import PlannedWork
from medsynth.workflows.hardware import choose_device
from medsynth.workflows.recipe import Recipe
from medsynth.workflows.shards.facts import FILE, ShardFacts, difference, read_facts, write_facts
from medsynth.workflows.shards.name import ShardName

Report = Callable[[int, int, str], None]


def make_shard(
    run: Run, recipe: Recipe, config: AugmentConfig, name: ShardName, report: Report
) -> AugmentResult:
    """Make the blocks of a shard that neither it nor the run has.

    Args:
        run: the run; nothing is written to it but its gates.
        recipe: its recipe, with what the command sets on top.
        config: what is asked for, checked.
        name: the shard.
        report: progress, in blocks.

    Raises:
        UsageError: the run or the shard was made for more samples.
        InputError: another process is making it; or it is a shard of something else.
    """
    n = config.n or 0
    own = Run(run.shards / name.folder)
    device = choose_device(config.device)
    with own.lock(f"augment --shard {name}"):
        making = load_making(run, recipe, config.seed, device, report)
        whole, store = SampleStore(run.samples), SampleStore(own.samples)
        for folder, samples in ((run, whole), (own, store)):
            refuse_mixture(folder, samples, making.fitted.sha256, making.seed, user=False)
        refuse_fewer(run, whole, n)
        facts = facts_of(making, config)
        refuse_other(own, name, facts)
        if whole.count("accepted") >= n:
            return result_of(run.path, whole, 0)
        begin_shard(own, name, facts, run.plan if next(whole.rows(), None) else run.given)
        todo = facts.open_blocks(name, whole, store)
        work = PlannedWork(own, recipe, making.index, making.seed)
        making.gates.prepare()
        engine, again = LocalEngine(making.synthesis), facts.again(name, run)
        job = Augmentation(work, engine, store, facts.batch, again)
        told = in_blocks(report, len(name.blocks(facts.blocks)), len(todo))
        with asked_to_stop() as stop:
            made = job.make(todo, None, told, stop)
    return result_of(run.path, store, made, work.relaxed, own.path)


def facts_of(making: Making, config: AugmentConfig) -> ShardFacts:
    """Return what the shards of a run, as it is loaded, have in common."""
    recipe, state, n = making.recipe, making.fitted.state, config.n or 0
    return ShardFacts(
        __version__,
        n,
        -(-plan_length(n, recipe.masks) // recipe.sampling.batch),
        recipe.sampling.batch,
        making.seed,
        state.name,
        state.sha256["average"],
        making.fitted.sha256,
        hash_json(
            [o.model_dump(mode="json") for o in (recipe.masks, recipe.sampling, recipe.gates)]
        ),
        making.index.hash,
        config.asked,
    )


def refuse_other(own: Run, name: ShardName, facts: ShardFacts) -> None:
    """Refuse to go on with a shard that was made for something else."""
    if not (own.path / FILE).exists():
        return
    there, known = read_facts(own.path)
    other = difference(known, facts)
    if there != name or other is not None:
        what = other or f"number ({there}, {name})"
        raise InputError(
            f"{own.path} was begun otherwise; it differs in {what}.",
            f"Go on with it as it was begun, or delete {own.path} to begin it anew.",
        )
    if known.n > facts.n:
        raise UsageError(
            f"{own.path} was made for --n {known.n}, more than --n {facts.n}.",
            f"Merge for --n {known.n}, and export fewer with --set export.ratio=R.",
        )


def begin_shard(own: Run, name: ShardName, facts: ShardFacts, plan: Path) -> None:
    """Write what explains a shard; its plan goes on from another, if that is there.

    Which is that of a run with samples, or what came with a run that was given away.
    """
    if not (own.path / FILE).exists():
        own.plan.unlink(missing_ok=True)
    write_facts(own.path, name, facts)
    if not own.plan.exists() and plan.exists():
        with atomic_path(own.plan) as path:
            shutil.copyfile(plan, path)


def in_blocks(report: Report, total: int, todo: int) -> Report:
    """Return a report of blocks done, to be called once a block."""
    done = total - todo

    def told(_done: int, _total: int, text: str) -> None:
        nonlocal done
        done += 1
        report(done, total, f"blocks {text}".rstrip())

    return told
