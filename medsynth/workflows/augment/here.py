"""augment led by this process: it plans and stores, an engine makes the images."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from medsynth.data.index import DataIndex
from medsynth.data.user_masks import UserMasks
from medsynth.io.interrupts import asked_to_stop
from medsynth.io.runs import Run, name_latest
from medsynth.store.samples import SampleStore
from medsynth.workflows.augment.augmentation import Augmentation
from medsynth.workflows.augment.config import AugmentConfig, AugmentResult, result_of
from medsynth.workflows.augment.engine import Engine, LocalEngine
from medsynth.workflows.augment.making import Making, load_making
from medsynth.workflows.augment.mixture import refuse_fewer, refuse_mixture
from medsynth.workflows.augment.planned_work import PlannedWork, begin_plan
from medsynth.workflows.augment.user_work import UserWork
from medsynth.workflows.augment.wanted import MaskWork
from medsynth.workflows.hardware import choose_device
from medsynth.workflows.recipe import Recipe

Report = Callable[[int, int, str], None]
OpenEngine = Callable[[Making], Engine]


def augment_here(
    run: Run,
    recipe: Recipe,
    config: AugmentConfig,
    report: Report,
    open_engine: OpenEngine = lambda making: LocalEngine(making.synthesis),
) -> AugmentResult:
    """Make samples until the run has `n`; the caller holds the run's lock.

    Args:
        run: the run.
        recipe: its recipe, with what the command sets on top.
        config: what is asked for, checked.
        report: progress.
        open_engine: the engine, given what makes the images.
    """
    device = choose_device(config.device)
    index = DataIndex.load(run.path)
    given = None if config.masks is None else UserMasks(config.masks, index)
    n = len(given or ()) if config.n is None else config.n
    elsewhere = config.engine != "local"
    making = load_making(run, recipe, config.seed, device, report, idle=elsewhere)
    store = SampleStore(run.samples)
    if not len(store) and not store.count("given-up"):
        begin_plan(run)  # what is there is perhaps of another seed, or of other options
    refuse_mixture(run, store, making.fitted.sha256, making.seed, given is not None)
    refuse_fewer(run, store, n)
    work: MaskWork = (
        PlannedWork(run, recipe, making.index, making.seed)
        if given is None
        else UserWork(given, recipe, making.index, store, making.seed)
    )
    engine = (f"--engine {config.engine}",) if elsewhere else ()
    again = " ".join((f"medsynth augment --n {n} --run {run.path}", *engine, *config.asked))
    name_latest(run)
    made = 0
    if len(store) < n:
        making.gates.prepare()
        job = Augmentation(work, open_engine(making), store, recipe.sampling.batch, again)
        with asked_to_stop() as stop:
            first = store.first_open() // recipe.sampling.batch
            made = job.make(count(first), n, report, stop)
    return result_of(run.path, store, made, work.relaxed)
