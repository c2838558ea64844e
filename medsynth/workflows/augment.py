"""augment: new masks from the plan, and an image for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
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
from medsynth.core.types import Mask, Sample
from medsynth.data.index import DataIndex
from medsynth.io.interrupts import asked_to_stop
from medsynth.io.runs import Run, find_run, name_latest
from medsynth.masks.nesting import resolve_nesting
from medsynth.masks.plan import extend_plan
from medsynth.masks.plan_entry import PlanEntry
from medsynth.masks.render import render
from medsynth.model.hints import mask_hint
from medsynth.sampling.sampler import synthesize
from medsynth.store.journal import Journal
from medsynth.store.lineage import Lineage
from medsynth.store.samples import GivenUp, NewSample, SampleStore
from medsynth.workflows.hardware import choose_device, settle_threads
from medsynth.workflows.model import Fitted, SourceMasks, label_names, load_fitted
from medsynth.workflows.recipe import Recipe, read_run_recipe

LEAST_ACCEPTANCE = 0.2
FLAT_STD = 2.0
"""An image whose grey levels have a smaller standard deviation shows nothing."""
Report = Callable[[int, int, str], None]
SETTABLE = ("sampling.", "masks.")


@dataclass(frozen=True)
class AugmentConfig:
    """What to make.

    n: accepted samples that the run shall have, those already there included.
    run: None for the latest; seed: of the plan and the images, None for the recipe's.
    sets: "sampling.key=value" or "masks.key=value" on top of the run's recipe.
    """

    n: int
    run: Path | None = None
    seed: int | None = None
    sets: tuple[str, ...] = ()
    device: str | None = None


@dataclass(frozen=True)
class AugmentResult:
    """What the run holds now; `made` of them were made by this call."""

    run: Path
    accepted: int
    given_up: int
    made: int


def augment(config: AugmentConfig, report: Report) -> AugmentResult:
    """Make samples until the run has `n`.

    Raises:
        UsageError: no run, no finished fit, a wrong option.
        InputError: data, plan, store or checkpoint changed or are damaged.
        NothingAcceptableError: too few images were acceptable.
        InterruptedRunError: stopped by Ctrl-C.
    """
    if config.n < 1:
        raise UsageError(f"--n must be at least 1, not {config.n}.")
    for text in config.sets:
        if not text.startswith(SETTABLE):
            raise UsageError(f"--set {text}: augment can set sampling.* and masks.* only.")
    run = find_run(config.run)
    recipe = read_run_recipe(run, config.sets)
    if recipe.sampling.guidance_scale != 1 and recipe.siamese.hint_dropout == 0:
        raise UsageError(
            f"{run.path} was fitted with siamese.hint_dropout=0, so it has no guidance.",
            "Leave sampling.guidance_scale at 1, or fit with --set siamese.hint_dropout=0.1.",
        )
    device = choose_device(config.device)
    settle_threads(recipe.training.threads)
    index = DataIndex.load(run.path)
    with run.lock("augment"):
        fitted = load_fitted(run, recipe, index, recipe.sampling.checkpoint)
        fitted.network.to(device)
        fitted.codec.to(device)
        seed = recipe.seed if config.seed is None else config.seed
        job = Augmentation(run, recipe, index, fitted, seed)
        if job.store.count("accepted") > config.n:
            raise UsageError(
                f"{run.path} has {len(job.store)} samples already, more than --n {config.n}.",
                "--n counts all samples of the run; export fewer with --set export.ratio=R.",
            )
        name_latest(run)
        with asked_to_stop() as stop:
            made = job.make(config.n, report, stop)
    return AugmentResult(run.path, job.store.count("accepted"), job.store.count("given-up"), made)


class Augmentation:
    """The synthesis of one run under way; the caller holds the run's lock."""

    def __init__(
        self, run: Run, recipe: Recipe, index: DataIndex, fitted: Fitted, seed: int
    ) -> None:
        self.run = run
        self.recipe = recipe
        self.fitted = fitted
        self.seed = seed
        self.sources = SourceMasks(index)
        nested = resolve_nesting(recipe.masks.nested, index.classes)
        self.mask_options = recipe.masks.model_copy(update={"nested": nested})
        self.items = {item.id: item for item in index.split("train")}
        self.column = recipe.model.label_column
        self.labels = label_names(index, self.column)
        self.store = SampleStore(run.samples)
        if not self.store.done():
            run.plan.unlink(missing_ok=True)  # perhaps of another seed, or of other options
        self.plan = Journal(run.plan)
        self._refuse_mixture()

    def _refuse_mixture(self) -> None:
        """Refuse to add to samples that other weights or another seed made."""
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

    def make(self, n: int, report: Report, stop: Callable[[], bool]) -> int:
        """Make samples until the store has n accepted ones; return how many were made."""
        before = len(self.store)
        done = self.store.done()
        for block in self._blocks():
            if len(self.store) >= n:
                break
            missing = [entry for entry in block if entry.index not in done]
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

    def _blocks(self) -> Iterator[list[PlanEntry]]:
        """Yield the plan in blocks of the batch size, extended as far as it is asked for.

        A block is always made whole, so that its bytes do not depend on where a run stopped.
        """
        size, k = self.recipe.sampling.batch, 0
        while True:
            end = (k + 1) * size
            if len(self.plan) < end:
                known = map(PlanEntry.from_json, self.plan)
                options, seed = self.mask_options, self.seed
                grown = extend_plan(known, end + 16 * size, self.sources, options, seed)
                self.plan.append([entry.to_json() for entry in grown])
            rows = islice(range(k * size, end), size)
            yield [PlanEntry.from_json(self.plan[row]) for row in rows]
            k += 1

    def _make_block(self, block: list[PlanEntry], missing: list[PlanEntry], n: int) -> None:
        masks = [render(entry, self.sources) for entry in block]
        hints = np.stack([mask_hint(mask.labels, mask.instances) for mask in masks])
        seeds = [derive_seed(self.seed, "image", entry.key) for entry in block]
        network = self.fitted.network
        device = next(network.parameters()).device
        labels = self._labels(block)
        images = synthesize(
            network, self.fitted.codec, hints, seeds, self.recipe.sampling, labels, device
        )
        wanted = {entry.index for entry in missing}
        items: list[NewSample | GivenUp] = []
        room = n - len(self.store)
        for entry, mask, image in zip(block, masks, images, strict=True):
            if entry.index not in wanted or room == 0:
                continue
            item = self._judged(entry, mask, image)
            room -= isinstance(item, NewSample)
            items.append(item)
        self.store.add(items)

    def _labels(self, block: list[PlanEntry]) -> NDArray[np.int64] | None:
        if self.column is None:
            return None
        names = [self.items[entry.source].attributes[self.column] for entry in block]
        return np.array([self.labels.index(name) for name in names], np.int64)

    def _judged(
        self, entry: PlanEntry, mask: Mask, image: NDArray[np.uint8]
    ) -> NewSample | GivenUp:
        sources = entry.source_ids()
        group = "+".join(dict.fromkeys(self.items[each].group for each in sources))
        lineage = Lineage(
            sources,
            tuple(step.to_json() for step in entry.steps),
            self.seed,
            self.fitted.sha256,
            {**self.recipe.sampling.model_dump(mode="json"), "checkpoint": self.fitted.state.name},
        )
        if is_flat(image):
            return GivenUp(entry.key, entry.index, lineage, "flat", group)
        sample = Sample(entry.key, image, mask, "train", "synthetic", group)
        return NewSample(sample, entry.index, lineage)

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
