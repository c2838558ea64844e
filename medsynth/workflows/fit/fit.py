"""fit: from a folder of pairs to a fitted run.

The parts stand beside this file: `config`, `opening`, `beginning`, `estimate`, `writing`, `grids`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from medsynth.core.errors import InterruptedRunError, UsageError
from medsynth.io.interrupts import asked_to_stop
from medsynth.io.runs import Run, is_run, name_latest
from medsynth.model.codecs.codec import Codec
from medsynth.model.network import HintedDiffusion
from medsynth.training.checkpoints import Checkpoints, CheckpointState
from medsynth.training.generator import GeneratorFit, Hooks
from medsynth.training.log import FitLog
from medsynth.training.processes import Processes
from medsynth.workflows.choice import chosen
from medsynth.workflows.fit.beginning import (
    first_network,
    is_unrecorded,
    ready_codec,
    resumed_state,
    source_run,
    warnings_of_seen,
)
from medsynth.workflows.fit.config import FitConfig, FitResult
from medsynth.workflows.fit.estimate import settle_steps
from medsynth.workflows.fit.grids import GridMaker
from medsynth.workflows.fit.opening import Prepared, Report, early_warnings, open_run, prepare
from medsynth.workflows.fit.writing import write_run
from medsynth.workflows.hardware import choose_device
from medsynth.workflows.processes import join_processes

__all__ = ["FitConfig", "FitResult", "fit"]

PATIENCE = timedelta(days=7)
"""How long processes wait for the main one: while it reads the data, fits the codec, measures or
draws grids. It is no matter where one dies: then the launcher ends the others."""


def fit(
    config: FitConfig,
    report: Report,
    warn: Callable[[str], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> FitResult:
    """Fit, or go on fitting.

    Args:
        config: what and how.
        report: progress as (done, total, text).
        warn: told each warning in words as it arises.
        note: told what recipe was chosen and why, where none was named.

    Raises:
        UsageError: recipe, options, device or run folder are wrong.
        InputError: the data or a checkpoint are wrong; or the fit diverged.
        InterruptedRunError: stopped by Ctrl-C; the tip says how to go on.
    """
    started = time.monotonic()
    processes, device = join_processes(choose_device(config.device), PATIENCE)
    config = replace(config, device=str(device))
    if not processes.is_main:
        return _follow(config, processes, started)
    told = False
    try:
        config, reasons = chosen(config)
        run, recipe, index = open_run(config, report)
        for reason in reasons:  # now that there is something to fit on
            note(reason)
        with run.lock("fit"):
            prepared = prepare(config, run if config.resume else None, recipe, index, processes)
            early = early_warnings(prepared)
            for warning in early:
                warn(warning)
            with _begun_or_nothing(run):
                begun = _begin(run, config, prepared, report, warn)
            name_latest(run)
            told = bool(processes.told(str(run.path.resolve())))
            result = _run_fit(run, begun, started, report, warn)
    finally:
        if not told:
            processes.told(None)
    return replace(result, warnings=(*early, *result.warnings))


@contextmanager
def _begun_or_nothing(run: Run) -> Iterator[None]:
    """Say what Ctrl-C leaves of a fit that has not begun: nothing, unless it is resumed.

    Raises:
        InterruptedRunError: Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        if is_run(run.path):
            tip = f"Go on with it: medsynth fit --resume --run {run.path}"
            raise InterruptedRunError("stopped before the next step.", tip) from error
        raise InterruptedRunError(
            "stopped before the first step, while the codec was made ready; nothing is kept.",
            "Begin again with the same command.",
        ) from error


class Begun(NamedTuple):
    """A fit before its next step.

    state: the checkpoint to go on from, or None.
    """

    prepared: Prepared
    codec: Codec
    network: HintedDiffusion
    state: CheckpointState | None


def _begin(
    run: Run,
    config: FitConfig,
    prepared: Prepared,
    report: Report,
    warn: Callable[[str], None] = lambda _: None,
) -> Begun:
    """Make codec and network ready; write what explains a new run."""
    started = time.monotonic()
    state = resumed_state(run, prepared) if config.resume else None
    source = source_run(run, config, prepared.recipe) if state is None else None
    if source is not None and not config.resume:
        for warning in warnings_of_seen(source, prepared.index):
            warn(warning)
    codec = ready_codec(run, source, config.resume, prepared, report)
    network = first_network(run, source, prepared, codec, state)
    if not config.resume:
        prepared = settle_steps(config, prepared, codec, started, warn)
        path = None if source is None else str(source.path.resolve())
        origin = {"init_from": path, "recipe": config.recipe}
        if source is not None and is_unrecorded(source):
            origin["unrecorded"] = "what the first weights learned from"
        write_run(run, origin, prepared, codec, network)
    return Begun(prepared, codec, network, state)


def _follow(config: FitConfig, processes: Processes, started: float) -> FitResult:
    """Take part in a fit that the main process leads; it alone writes and reports.

    Raises:
        UsageError: the main process could not begin.
    """
    path = processes.told(None)
    if path is None:
        raise UsageError("the main process could not begin this fit.", "See what it says.")
    resumed = FitConfig(run=Path(path), resume=True, device=config.device)

    def silent(done: int, total: int, text: str) -> None:
        pass

    run, recipe, index = open_run(resumed, silent)
    prepared = prepare(resumed, run, recipe, index, processes)
    begun = _begin(run, resumed, prepared, silent)
    state = begun.state if config.resume else None
    return _run_fit(run, begun._replace(state=state), started, silent, lambda _: None)


def ignore_row(row: Mapping[str, float | int | str]) -> None:
    """Log nothing: the main process does."""


def _run_fit(
    run: Run, begun: Begun, started: float, report: Report, warn: Callable[[str], None]
) -> FitResult:
    prepared, codec, network, state = begun
    recipe, processes = prepared.recipe, prepared.processes
    plan = prepared.plan(codec)
    checkpoints = Checkpoints(run.checkpoints, recipe.training.keep_checkpoints)
    network = network.to(prepared.device)
    log = FitLog(run.log, run.tensorboard, state, plan.base.steps) if processes.is_main else None
    warnings: list[str] = []

    def tell(warning: str) -> None:
        warnings.append(warning)
        warn(warning)

    codec.to(prepared.device)
    grid = GridMaker(run, recipe, codec, network, prepared.train, prepared.val)
    latents = prepared.latents(codec, run.cache)
    val = prepared.batches(latents, prepared.val) if len(prepared.val) else None
    with asked_to_stop() as stop:
        hooks = Hooks(report, log.write if log else ignore_row, grid.make, tell, stop)
        train = prepared.batches(latents, prepared.train)
        job = GeneratorFit(network, train, val, plan, checkpoints, hooks, processes)
        try:
            outcome = job.run(state)
        except InterruptedRunError as error:
            tip = f"Go on with it: medsynth fit --resume --run {run.path}"
            raise InterruptedRunError(error.what, tip) from error
        finally:
            if log:
                log.close()
    return FitResult(
        run.path,
        len(prepared.train),
        dict(outcome.steps),
        time.monotonic() - started,
        outcome.last.val_loss,
        tuple(warnings),
        not network.follows_hints(),
        outcome.last.best,
        tuple(name for name, n in outcome.steps.items() if n < plan.planned[name]),
        prepared.recipe.prove.samples_wanted(len(prepared.train)),
    )
