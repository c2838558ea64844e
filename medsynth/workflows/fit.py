"""fit: from a folder of pairs to a fitted run."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import torch

from medsynth.core.errors import InputError, InterruptedRunError, UsageError
from medsynth.data.index import DataIndex, build_index
from medsynth.io.atomic import write_json
from medsynth.io.interrupts import asked_to_stop
from medsynth.io.runs import Run, find_run, name_latest, new_run
from medsynth.model.codecs.building import build_codec
from medsynth.model.codecs.codec import Codec
from medsynth.model.compact import add_controlnet
from medsynth.model.network import HintedDiffusion
from medsynth.training.checkpoints import PHASES, Checkpoints, CheckpointState, save_tensors
from medsynth.training.codec import prepare_codec
from medsynth.training.generator import FitPlan, GeneratorFit, Hooks
from medsynth.training.log import FitLog
from medsynth.training.measure import Cost, measure_cost, steps_within
from medsynth.training.pairs import PairArrays, PairBatches
from medsynth.workflows.grids import GridMaker
from medsynth.workflows.hardware import choose_device, settle_threads
from medsynth.workflows.model import (
    CODEC,
    check_geometry,
    label_names,
    load_codec,
    load_pairs,
    new_network,
    put_checkpoint,
    read_about,
)
from medsynth.workflows.recipe import Recipe, load_recipe, read_run_recipe, write_run_recipe

FEW_PAIRS = 50
LOOP_SHARE = 0.93
"""Share of a budget for the steps themselves; checkpoints, validation and grids take the rest."""
LIBRARIES = ("medsynth", "torch", "diffusers", "numpy", "scikit-image")
Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class FitConfig:
    """What to fit, and how.

    data: the folder; None on resume.
    recipe: name or file; None for the default.
    run: the run folder; None for a new one, or on resume the latest.
    sets: "a.b=value" on top of the recipe.
    steps: planned Siamese steps T, over the recipe's.
    max_minutes: fix the steps of both phases by measuring the speed first.
    resume: go on with the run.
    init_from: begin with this run's fitted weights.
    device: "cpu", "cuda", "mps"; None for the best there is.
    """

    data: Path | None = None
    recipe: str | None = None
    run: Path | None = None
    sets: tuple[str, ...] = ()
    steps: int | None = None
    max_minutes: float | None = None
    resume: bool = False
    init_from: Path | None = None
    device: str | None = None


@dataclass(frozen=True)
class FitResult:
    """How a fit ended.

    run: its folder; pairs: training pairs; steps: by phase; val_loss: of the last checkpoint.
    """

    run: Path
    pairs: int
    steps: dict[str, int]
    elapsed_s: float
    val_loss: float | None
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Estimate:
    """What a fit would take, measured and computed (`--dry-run`).

    minutes: for the planned steps; memory_bytes: peak of this process; disk_bytes: checkpoints.
    """

    pairs: int
    steps: dict[str, int]
    minutes: float
    base_step_s: float
    siamese_step_s: float
    memory_bytes: int
    disk_bytes: int
    device: str


@dataclass(frozen=True)
class Prepared:
    """Everything a fit needs, before anything is written."""

    recipe: Recipe
    index: DataIndex
    train: PairArrays
    val: PairArrays
    device: torch.device

    @property
    def label_count(self) -> int:
        """How many image labels the model is told."""
        return len(label_names(self.index, self.recipe.model.label_column))

    def batches(self, codec: Codec, pairs: PairArrays) -> PairBatches:
        """Return the batches of some pairs."""
        recipe = self.recipe
        return PairBatches(
            pairs,
            codec.encode,
            recipe.training,
            recipe.siamese.hint_dropout,
            1000,
            recipe.seed,
            remember=recipe.model.codec.name in ("taef2", "autoencoder"),
        )

    def plan(self, codec: Codec) -> FitPlan:
        """Return what is to be done."""
        recipe = self.recipe
        return FitPlan(
            recipe.base,
            recipe.siamese,
            recipe.siamese,
            recipe.training,
            recipe.model.compact,
            codec.merges,
            recipe.seed,
            recipe.fit_sha256(self.index.hash),
        )


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
    run, recipe, index = _open(config, report)
    with run.lock("fit"):
        prepared = _prepare(config, recipe, index)
        early = _early_warnings(prepared)
        for warning in early:
            warn(warning)
        started = time.monotonic()
        state = Checkpoints(run.checkpoints).latest() if config.resume else None
        source = _source(run, config, prepared.recipe) if state is None else None
        codec = _ready_codec(run, source, config.resume, prepared, report)
        network = _first_network(run, source, prepared, codec, state)
        if not config.resume:
            prepared = _settle_steps(config, prepared, codec, started)
            _write_run(run, source, prepared, codec)
        name_latest(run)
        result = _run_fit(run, state, network, prepared, codec, report, warn)
        return replace(result, warnings=(*early, *result.warnings))


def estimate(config: FitConfig, report: Report) -> Estimate:
    """Measure a few steps of each phase and say what the fit would take; writes nothing."""
    recipe = _new_recipe(config)
    check_geometry(recipe)
    report(0, 0, "reading the data")
    return estimate_on(config, recipe, build_index(_data(config), recipe.data, recipe.seed), report)


def estimate_on(config: FitConfig, recipe: Recipe, index: DataIndex, report: Report) -> Estimate:
    """Return what a fit on an index would take; see `estimate`."""
    prepared = _prepare(config, recipe, index)
    codec = build_codec(recipe.model.codec, index.channels)
    short = recipe.model.codec.model_copy(update={"steps": min(20, recipe.model.codec.steps)})
    prepare_codec(codec, short, prepared.train, recipe.seed, report)
    cost = _measure(prepared, codec)
    if config.max_minutes is not None:
        prepared = _within_budget(config.max_minutes, prepared, cost)
    base, siamese = prepared.recipe.base.steps, prepared.recipe.siamese.steps
    return Estimate(
        len(prepared.train),
        {"base": base, "siamese": siamese},
        cost.fit_s(base, siamese) / 60,
        cost.base_step_s,
        cost.siamese_step_s,
        cost.peak_memory_bytes,
        cost.disk_bytes,
        str(prepared.device),
    )


def _data(config: FitConfig) -> Path:
    if config.data is None:
        raise UsageError("fit needs a folder of data.", "medsynth fit DATA; or --resume.")
    return config.data


def _new_recipe(config: FitConfig) -> Recipe:
    sets = list(config.sets)
    if config.steps is not None:
        if config.steps < 1:
            raise UsageError(f"--steps must be at least 1, not {config.steps}.")
        sets.append(f"siamese.steps={config.steps}")
    if config.init_from is not None and not any(s.startswith("base.steps") for s in sets):
        sets.append("base.steps=0")
    return load_recipe(config.recipe, sets)


def _open(config: FitConfig, report: Report) -> tuple[Run, Recipe, DataIndex]:
    """Return the run, its recipe and its index; nothing is written yet."""
    if config.resume:
        run = find_run(config.run)
        if config.sets or config.recipe or config.init_from or config.max_minutes:
            raise UsageError(
                "--resume goes on with the run's own recipe; it takes no other options.",
                "To change them start a new fit, from fitted weights with --init-from RUN.",
            )
        recipe = read_run_recipe(run)
        if config.steps not in (None, recipe.siamese.steps):
            raise UsageError(
                f"this fit was begun with --steps {recipe.siamese.steps}, which is part of the "
                f"method; it cannot go on with {config.steps}.",
                "Resume without --steps, or start a new fit with --init-from RUN.",
            )
        index = DataIndex.load(run.path)
        if config.data is not None and config.data.resolve() != index.root.resolve():
            index = DataIndex.load(run.path, config.data.resolve())
        return run, recipe, index
    recipe = _new_recipe(config)
    check_geometry(recipe)
    choose_device(config.device)
    if config.run is not None and Run(config.run).recipe.exists():
        raise UsageError(
            f"{config.run} holds a run already.",
            f"Go on with it: medsynth fit --resume --run {config.run}; or choose another folder.",
        )
    data = _data(config)
    report(0, 0, "reading the data")
    index = build_index(data, recipe.data, recipe.seed)
    return Run(config.run) if config.run else new_run(data.resolve().name), recipe, index


def _prepare(config: FitConfig, recipe: Recipe, index: DataIndex) -> Prepared:
    check_geometry(recipe)
    device = choose_device(config.device)
    training = recipe.training.model_copy(
        update={"threads": settle_threads(recipe.training.threads)}
    )
    recipe = recipe.model_copy(update={"training": training})
    column = recipe.model.label_column
    train = load_pairs(index, index.split("train"), column)
    if not len(train):
        raise InputError("there are no training pairs.", "See: medsynth doctor DATA")
    return Prepared(recipe, index, train, load_pairs(index, index.split("val"), column), device)


def _early_warnings(prepared: Prepared) -> list[str]:
    warnings = []
    n = len(prepared.train)
    if n < FEW_PAIRS:
        warnings.append(
            f"{n} training pairs are few: expect samples close to the training images. "
            f"The method is made for {FEW_PAIRS} to 2000."
        )
    warnings += [p.what for p in prepared.index.notes if p.severity == "warning"]
    return warnings


def _source(run: Run, config: FitConfig, recipe: Recipe) -> Run | None:
    """Return the run whose fitted weights this fit begins with, if any.

    Raises:
        InputError: it was fitted with another model.
    """
    path = config.init_from
    if config.resume:
        told = read_about(run).get("init_from")
        path = Path(told) if told else None
    if path is None:
        return None
    source = find_run(path)
    if read_run_recipe(source).model != recipe.model:
        raise InputError(
            f"{source.path} was fitted with another model or codec.",
            "Use the same recipe's model section, or fit from scratch.",
        )
    return source


def _ready_codec(
    run: Run, source: Run | None, resume: bool, prepared: Prepared, report: Report
) -> Codec:
    """Return the codec: the run's own, its source's, or a new one fitted on the training images.

    Weights are worth nothing with another codec's latents, so those of a source bring theirs.
    """
    recipe, channels = prepared.recipe, prepared.index.channels
    if resume:
        codec = load_codec(run, recipe, channels)
    elif source is not None:
        codec = load_codec(source, recipe, channels)
    else:
        codec = build_codec(recipe.model.codec, channels)
        prepare_codec(codec, recipe.model.codec, prepared.train, recipe.seed, report)
        codec.eval()
    return codec.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _first_network(
    run: Run,
    source: Run | None,
    prepared: Prepared,
    codec: Codec,
    state: CheckpointState | None,
) -> HintedDiffusion:
    """Return the network as it is before the first step, or before a checkpoint is put in.

    Raises:
        InputError: the source's weights are missing, damaged or of another model.
    """
    network = new_network(prepared.recipe, codec, prepared.label_count)
    if source is not None:
        _init_from(network, prepared, codec, Checkpoints(source.checkpoints))
    elif state is not None and state.phase == PHASES[0]:  # perhaps begun with another's weights
        _init_from(network, prepared, codec, Checkpoints(run.checkpoints))
    return network


def _measure(prepared: Prepared, codec: Codec) -> Cost:
    network = new_network(prepared.recipe, codec, prepared.label_count).to(prepared.device)
    return measure_cost(network, prepared.batches(codec, prepared.train), prepared.plan(codec))


def _within_budget(max_minutes: float, prepared: Prepared, cost: Cost) -> Prepared:
    recipe = prepared.recipe
    base, siamese = steps_within(60 * max_minutes, cost, recipe.base.steps, recipe.siamese.steps)
    changed = recipe.model_copy(
        update={
            "base": recipe.base.model_copy(update={"steps": base}),
            "siamese": recipe.siamese.model_copy(update={"steps": siamese}),
        }
    )
    return Prepared(changed, prepared.index, prepared.train, prepared.val, prepared.device)


def _settle_steps(config: FitConfig, prepared: Prepared, codec: Codec, started: float) -> Prepared:
    """Fix the steps; what the codec and the measuring took counts into the budget."""
    if config.max_minutes is None:
        return prepared
    cost = _measure(prepared, codec)
    spent = (time.monotonic() - started) / 60
    left = max(config.max_minutes - spent, config.max_minutes / 10)
    return _within_budget(LOOP_SHARE * left, prepared, cost)


def _write_run(run: Run, source: Run | None, prepared: Prepared, codec: Codec) -> None:
    """Write what explains the run; the recipe last, for it makes the folder a run."""
    prepared.index.save(run.path)
    codec_sha256 = save_tensors(run.checkpoints / CODEC, codec.state_dict())
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

    grid = GridMaker(run, recipe, codec, network, prepared.train, prepared.val)
    val = prepared.batches(codec, prepared.val) if len(prepared.val) else None
    with asked_to_stop() as stop:
        hooks = Hooks(report, log.write, grid.make, tell, stop)
        job = GeneratorFit(
            network, prepared.batches(codec, prepared.train), val, plan, checkpoints, hooks
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


def _init_from(
    network: HintedDiffusion, prepared: Prepared, codec: Codec, checkpoints: Checkpoints
) -> None:
    """Put the newest checkpoint's averaged weights into a new network.

    Raises:
        InputError: there is none, or it is of another model.
    """
    state = checkpoints.latest()
    if state is None:
        raise InputError(f"{checkpoints.folder} has no checkpoint to begin from.", "Fit it first.")
    if any(name.startswith("controlnet.") for name in checkpoints.load(state, "weights")):
        add_controlnet(network, prepared.recipe.model.compact, codec.merges)
    put_checkpoint(network, checkpoints, state)
    network.requires_grad_(True)
    if network.controlnet is not None:
        network.encoder.requires_grad_(False)
