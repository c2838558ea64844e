"""augment: new masks from the plan, and an image for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import (
    InputError,
    InterruptedRunError,
    NothingAcceptableError,
    UsageError,
)
from medsynth.core.seeds import derive_seed
from medsynth.core.types import Sample
from medsynth.data.index import DataIndex
from medsynth.data.user_masks import UserMasks
from medsynth.io.interrupts import asked_to_stop
from medsynth.io.runs import Run, find_run, name_latest
from medsynth.model.backbone import build_backbone
from medsynth.model.hints import mask_hint
from medsynth.sampling.sampler import synthesize
from medsynth.store.lineage import Lineage
from medsynth.store.samples import GivenUp, NewSample, SampleStore
from medsynth.workflows.hardware import choose_device, settle_threads
from medsynth.workflows.model import Fitted, load_fitted
from medsynth.workflows.planned_work import PlannedWork
from medsynth.workflows.recipe import Recipe, read_run_recipe
from medsynth.workflows.user_work import UserWork, is_user_made
from medsynth.workflows.wanted import MaskWork, Wanted

LEAST_ACCEPTANCE = 0.2
FLAT_STD = 2.0
"""An image whose grey levels have a smaller standard deviation shows nothing."""
Report = Callable[[int, int, str], None]
SETTABLE = ("sampling.", "masks.", "model.stable_diffusion.base", "model.stable_diffusion.config")


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
    """

    run: Path
    accepted: int
    given_up: int
    made: int
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
        job = Augmentation(run, recipe, index, fitted, seed, given)
        if job.store.count("accepted") > n:
            raise UsageError(
                f"{run.path} has {len(job.store)} samples already, more than --n {n}.",
                "--n counts all samples of the run; export fewer with --set export.ratio=R.",
            )
        name_latest(run)
        with asked_to_stop() as stop:
            made = job.make(n, report, stop)
    accepted, given_up = job.store.count("accepted"), job.store.count("given-up")
    return AugmentResult(run.path, accepted, given_up, made, dict(job.work.relaxed))


class Augmentation:
    """The synthesis of one run under way; the caller holds the run's lock."""

    def __init__(
        self,
        run: Run,
        recipe: Recipe,
        index: DataIndex,
        fitted: Fitted,
        seed: int,
        given: UserMasks | None = None,
    ) -> None:
        self.run = run
        self.recipe = recipe
        self.fitted = fitted
        self.seed = seed
        self.store = SampleStore(run.samples)
        if next(self.store.rows(), None) is None:
            run.plan.unlink(missing_ok=True)  # perhaps of another seed, or of other options
        self._refuse_mixture(given is not None)
        self.work: MaskWork = (
            PlannedWork(run, recipe, index, seed)
            if given is None
            else UserWork(given, recipe, index, self.store, seed)
        )

    def _refuse_mixture(self, user_made: bool) -> None:
        """Refuse to add to samples of other weights, another seed, or the other kind of masks."""
        first = next(self.store.rows(), None)
        if first is None:
            return
        if first.lineage.checkpoint_sha256 != self.fitted.sha256:
            raise InputError(
                f"the weights of {self.run.path} are not those that made its first samples.",
                f"Move {self.run.samples} away to begin a new set, or augment another run.",
            )
        if first.lineage.seed != self.seed:
            raise InputError(
                f"the samples of {self.run.path} were made with seed {first.lineage.seed}, "
                f"not {self.seed}.",
                f"Leave --seed out, or move {self.run.samples} and plan.jsonl away.",
            )
        if is_user_made(first.lineage.steps) != user_made:
            made_from = "planned masks" if user_made else "a user's masks"
            raise InputError(
                f"the samples of {self.run.path} were made from {made_from}.",
                f"Use {'no ' if user_made else ''}--masks as before, or move {self.run.samples} "
                "away to begin a new set.",
            )

    def make(self, n: int, report: Report, stop: Callable[[], bool]) -> int:
        """Make samples until the store has n accepted ones; return how many were made."""
        before = len(self.store)
        for number in count(self.store.first_open() // self.recipe.sampling.batch):
            if len(self.store) >= n:
                break
            block = self.work.block(number)
            missing = {each.index for each in block if not self.store.settled(each.index)}
            if missing:
                self._make_block(block, missing, n)
                report(len(self.store), n, "")
            self._check_acceptance()
            if stop() and len(self.store) < n:
                raise InterruptedRunError(
                    f"stopped with {len(self.store)} of {n} samples.",
                    f"Go on with it: medsynth augment --n {n} --run {self.run.path}",
                )
        return len(self.store) - before

    def _make_block(self, block: list[Wanted], missing: set[int], n: int) -> None:
        """Make a whole block's images: bytes shall not depend on where a run stopped."""
        masks = [wanted.mask for wanted in block]
        hints = np.stack([mask_hint(mask.labels, mask.instances) for mask in masks])
        seeds = [derive_seed(self.seed, "image", wanted.key) for wanted in block]
        network = self.fitted.network
        device = next(network.parameters()).device
        told = self.fitted.told.conditions([wanted.attributes for wanted in block])
        images = synthesize(
            network, self.fitted.codec, hints, seeds, self.recipe.sampling, told, device
        )
        items: list[NewSample | GivenUp] = []
        room = n - len(self.store)
        for wanted, image in zip(block, images, strict=True):
            if wanted.index not in missing or room == 0:
                continue
            item = self._judged(wanted, image)
            room -= isinstance(item, NewSample)
            items.append(item)
        self.store.add(items)

    def _judged(self, wanted: Wanted, image: NDArray[np.uint8]) -> NewSample | GivenUp:
        lineage = Lineage(
            wanted.sources,
            wanted.steps,
            self.seed,
            self.fitted.sha256,
            {**self.recipe.sampling.model_dump(mode="json"), "checkpoint": self.fitted.state.name},
        )
        if is_flat(image):
            return GivenUp(wanted.key, wanted.index, lineage, "flat", wanted.group)
        sample = Sample(wanted.key, image, wanted.mask, "train", "synthetic", wanted.group)
        return NewSample(sample, wanted.index, lineage)

    def _check_acceptance(self) -> None:
        given_up, accepted = self.store.count("given-up"), len(self.store)
        if given_up >= 2 * self.recipe.sampling.batch and accepted < LEAST_ACCEPTANCE * given_up:
            raise NothingAcceptableError(
                f"only {accepted} of {accepted + given_up} images were acceptable; the rest are "
                "flat.",
                "The fit has collapsed or is far too short: look at its grids and fit longer.",
            )


def is_flat(image: NDArray[np.uint8]) -> bool:
    """Return whether an image, (H, W, C) uint8, is of one colour: nothing to be seen in it."""
    return float(image.std((0, 1)).max()) < FLAT_STD
