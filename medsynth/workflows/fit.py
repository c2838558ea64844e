"""fit: from a folder of pairs to a fitted run.

The parts stand in `fit_config`, `fit_opening`, `fit_beginning` and `estimate`.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version

from medsynth.core.errors import InterruptedRunError
from medsynth.io.atomic import write_json
from medsynth.io.interrupts import asked_to_stop
from medsynth.io.runs import Run, name_latest
from medsynth.model.codecs.codec import Codec
from medsynth.model.network import HintedDiffusion
from medsynth.training.checkpoints import Checkpoints, CheckpointState, save_tensors
from medsynth.training.generator import GeneratorFit, Hooks
from medsynth.training.log import FitLog
from medsynth.workflows.arrays import label_names, write_prompts
from medsynth.workflows.estimate import settle_steps
from medsynth.workflows.fit_beginning import (
    first_network,
    ready_codec,
    resumed_state,
    source_run,
)
from medsynth.workflows.fit_config import FitConfig, FitResult
from medsynth.workflows.fit_opening import Prepared, Report, early_warnings, open_run, prepare
from medsynth.workflows.grids import GridMaker
from medsynth.workflows.model import CODEC, PROMPTS, base_sha256
from medsynth.workflows.recipe import write_run_recipe

__all__ = ["FitConfig", "FitResult", "fit"]

LIBRARIES = ("medsynth", "torch", "diffusers", "numpy", "scikit-image")


def fit(
    config: FitConfig, report: Report, warn: Callable[[str], None] = lambda _: None
) -> FitResult:
    """Fit, or go on fitting.

    Args:
        config: what and how.
        report: progress as (done, total, text).
        warn: told each warning in words as it arises.

    Raises:
        UsageError: recipe, options, device or run folder are wrong.
        InputError: the data or a checkpoint are wrong; or the fit diverged.
        InterruptedRunError: stopped by Ctrl-C; the tip says how to go on.
    """
    run, recipe, index = open_run(config, report)
    with run.lock("fit"):
        prepared = prepare(config, run, recipe, index)
        early = early_warnings(prepared)
        for warning in early:
            warn(warning)
        started = time.monotonic()
        state = resumed_state(run, prepared) if config.resume else None
        source = source_run(run, config, prepared.recipe) if state is None else None
        codec = ready_codec(run, source, config.resume, prepared, report)
        network = first_network(run, source, prepared, codec, state)
        if not config.resume:
            prepared = settle_steps(config, prepared, codec, started)
            _write_run(run, source, prepared, codec, network)
        name_latest(run)
        result = _run_fit(run, state, network, prepared, codec, report, warn)
        return replace(result, warnings=(*early, *result.warnings))


def _write_run(
    run: Run, source: Run | None, prepared: Prepared, codec: Codec, network: HintedDiffusion
) -> None:
    """Write what explains the run; the recipe last, for it makes the folder a run."""
    prepared.index.save(run.path)
    codec_sha256 = save_tensors(run.checkpoints / CODEC, codec.own_state())
    write_prompts(run.checkpoints / PROMPTS, prepared.told)
    write_json(
        run.about,
        {
            "versions": {name: version(name) for name in LIBRARIES},
            "python": platform.python_version(),
            "device": str(prepared.device),
            "threads": prepared.recipe.training.threads,
            "seed": prepared.recipe.seed,
            "labels": label_names(prepared.index, prepared.recipe.model.label_column),
            "codec_sha256": codec_sha256,
            "base_sha256": base_sha256(network),
            "init_from": None if source is None else str(source.path.resolve()),
        },
    )
    write_run_recipe(run, prepared.recipe)


def _run_fit(
    run: Run,
    state: CheckpointState | None,
    network: HintedDiffusion,
    prepared: Prepared,
    codec: Codec,
    report: Report,
    warn: Callable[[str], None],
) -> FitResult:
    recipe = prepared.recipe
    plan = prepared.plan(codec)
    checkpoints = Checkpoints(run.checkpoints, recipe.training.keep_checkpoints)
    network = network.to(prepared.device)
    log = FitLog(run.log, run.tensorboard, state, plan.base.steps)
    warnings: list[str] = []

    def tell(warning: str) -> None:
        warnings.append(warning)
        warn(warning)

    codec.to(prepared.device)
    grid = GridMaker(run, recipe, codec, network, prepared.train, prepared.val)
    latents = prepared.latents(codec, run.cache)
    val = prepared.batches(latents, prepared.val) if len(prepared.val) else None
    with asked_to_stop() as stop:
        hooks = Hooks(report, log.write, grid.make, tell, stop)
        job = GeneratorFit(
            network, prepared.batches(latents, prepared.train), val, plan, checkpoints, hooks
        )
        try:
            outcome = job.run(state)
        except InterruptedRunError as error:
            tip = f"Go on with it: medsynth fit --resume --run {run.path}"
            raise InterruptedRunError(error.what, tip) from error
        finally:
            log.close()
    return FitResult(
        run.path,
        len(prepared.train),
        dict(plan.planned),
        outcome.elapsed_s,
        outcome.last.val_loss,
        tuple(warnings),
    )
