"""augment: new masks from the plan, and an image for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from medsynth.core.errors import (
    InputError,
    UsageError,
)
from medsynth.data.index import DataIndex
from medsynth.data.user_masks import UserMasks
from medsynth.io.interrupts import asked_to_stop
from medsynth.io.runs import Run, find_run, name_latest
from medsynth.model.backbone import build_backbone
from medsynth.store.acceptance import Acceptance, acceptance
from medsynth.store.samples import SampleStore
from medsynth.workflows.augmentation import Augmentation
from medsynth.workflows.gates import RunGates
from medsynth.workflows.hardware import choose_device, settle_threads
from medsynth.workflows.model import Fitted, load_fitted
from medsynth.workflows.planned_work import PlannedWork
from medsynth.workflows.recipe import read_run_recipe
from medsynth.workflows.synthesis import Synthesis
from medsynth.workflows.user_work import UserWork, is_user_made
from medsynth.workflows.wanted import MaskWork

Report = Callable[[int, int, str], None]
SETTABLE = (
    "sampling.",
    "masks.",
    "gates.",
    "model.stable_diffusion.base",
    "model.stable_diffusion.config",
)


@dataclass(frozen=True)
class AugmentConfig:
    """What to make.

    n: accepted samples that the run shall have, those already there included; None for as
        many as there are masks.
    masks: a user's masks, to be synthesized as they are; None for new ones from the plan.
    run: None for the latest; seed: of the plan and the images, None for the recipe's.
    sets: "sampling.key=value" or "masks.key=value" on top of the run's recipe.
    """

    n: int | None
    run: Path | None = None
    seed: int | None = None
    sets: tuple[str, ...] = ()
    device: str | None = None
    masks: Path | None = None


@dataclass(frozen=True)
class AugmentResult:
    """What the run holds now; `made` of them were made by this call.

    relaxed: masks that were planned in spite of a flaw, by flaw.
    acceptance: of all that the run has drawn so far, by class, size and operator.
    """

    run: Path
    accepted: int
    given_up: int
    made: int
    acceptance: Acceptance
    relaxed: dict[str, int] = field(default_factory=dict)


def augment(config: AugmentConfig, report: Report) -> AugmentResult:
    """Make samples until the run has `n`.

    Raises:
        UsageError: no run, no finished fit, a wrong option.
        InputError: data, plan, store or checkpoint changed or are damaged.
        NothingAcceptableError: too few images were acceptable.
        InterruptedRunError: stopped by Ctrl-C.
    """
    if config.n is None and config.masks is None:
        raise UsageError("--n is missing: how many samples the run shall have.", "--n 1000")
    if config.n is not None and config.n < 1:
        raise UsageError(f"--n must be at least 1, not {config.n}.")
    for text in config.sets:
        if not text.startswith(SETTABLE):
            known = ", ".join(f"{key}*" if key.endswith(".") else key for key in SETTABLE)
            raise UsageError(f"--set {text}: augment can set {known} only.")
    run = find_run(config.run)
    recipe = read_run_recipe(run, config.sets)
    prompted = build_backbone(recipe.model).prompt() is not None
    if recipe.sampling.guidance_scale != 1 and recipe.siamese.hint_dropout == 0 and not prompted:
        raise UsageError(
            f"{run.path} was fitted with siamese.hint_dropout=0, so it has no guidance.",
            "Leave sampling.guidance_scale at 1, or fit with --set siamese.hint_dropout=0.1.",
        )
    device = choose_device(config.device)
    settle_threads(recipe.training.threads)
    index = DataIndex.load(run.path)
    given = None if config.masks is None else UserMasks(config.masks, index)
    n = len(given or ()) if config.n is None else config.n
    with run.lock("augment"):
        fitted = load_fitted(run, recipe, index, recipe.sampling.checkpoint)
        fitted.network.to(device)
        fitted.codec.to(device)
        seed = recipe.seed if config.seed is None else config.seed
        store = SampleStore(run.samples)
        if not len(store) and not store.count("given-up"):
            run.plan.unlink(missing_ok=True)  # perhaps of another seed, or of other options
        refuse_mixture(run, store, fitted, seed, given is not None)
        if store.count("accepted") > n:
            raise UsageError(
                f"{run.path} has {len(store)} samples already, more than --n {n}.",
                "--n counts all samples of the run; export fewer with --set export.ratio=R.",
            )
        work: MaskWork = (
            PlannedWork(run, recipe, index, seed)
            if given is None
            else UserWork(given, recipe, index, store, seed)
        )
        gates = RunGates(run, recipe, index, device, report)
        synthesis = Synthesis(fitted, recipe.sampling, seed, gates.judge, recipe.gates.max_redraws)
        again = f"medsynth augment --n {n} --run {run.path}"
        job = Augmentation(work, synthesis, store, recipe.sampling.batch, again)
        name_latest(run)
        if len(store) < n:
            gates.prepare()
        with asked_to_stop() as stop:
            first = store.first_open() // recipe.sampling.batch
            made = job.make(count(first), n, report, stop)
    accepted, given_up = store.count("accepted"), store.count("given-up")
    seen = acceptance(store.rows())
    return AugmentResult(run.path, accepted, given_up, made, seen, dict(work.relaxed))


def refuse_mixture(run: Run, store: SampleStore, fitted: Fitted, seed: int, user: bool) -> None:
    """Refuse to add to samples of other weights, another seed, or the other kind of masks."""
    first = next(store.rows(), None)
    if first is None:
        return
    if first.lineage.checkpoint_sha256 != fitted.sha256:
        raise InputError(
            f"the weights of {run.path} are not those that made its first samples.",
            f"Move {run.samples} away to begin a new set, or augment another run.",
        )
    if first.lineage.seed != seed:
        raise InputError(
            f"the samples of {run.path} were made with seed {first.lineage.seed}, not {seed}.",
            f"Leave --seed out, or move {run.samples} and plan.jsonl away.",
        )
    if is_user_made(first.lineage.steps) != user:
        made_from = "planned masks" if user else "a user's masks"
        raise InputError(
            f"the samples of {run.path} were made from {made_from}.",
            f"Use {'no ' if user else ''}--masks as before, or move {run.samples} away to begin "
            "a new set.",
        )
