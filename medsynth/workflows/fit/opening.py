"""The first part of a fit: recipe, run, index, pairs in memory; nothing is written yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from medsynth.core.errors import InputError, UsageError
from medsynth.data.index import DataIndex, build_index
from medsynth.io.atomic import TEMPORARY_PREFIX
from medsynth.io.runs import Run, find_run, new_run
from medsynth.model.backbone import build_backbone
from medsynth.model.codecs.codec import Codec
from medsynth.training.generator import FitPlan
from medsynth.training.latents import Latents
from medsynth.training.pairs import Dropout, PairArrays, PairBatches
from medsynth.training.processes import Processes
from medsynth.workflows.arrays import load_pairs
from medsynth.workflows.augment.config import lacks_guidance
from medsynth.workflows.fit.config import FitConfig
from medsynth.workflows.hardware import choose_device, settle_threads
from medsynth.workflows.model import PROMPTS, add_controlnet, check_geometry
from medsynth.workflows.recipe import Recipe, load_recipe, read_run_recipe, run_fit_sha256
from medsynth.workflows.told import Told, encode_told, label_names, read_told

FEW_PAIRS = 50
OWN = frozenset(
    {
        ".lock",
        ".lock-holder",
        "cache",
        "checkpoints",
        "index.json",
        "items.jsonl",
        "run.json",
        "trained_on.jsonl",
    }
)
"""What a fit that was killed at its very beginning may have left."""
Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Prepared:
    """Everything a fit needs, before anything is written."""

    recipe: Recipe
    index: DataIndex
    train: PairArrays
    val: PairArrays
    told: Told
    device: torch.device
    processes: Processes = Processes()  # noqa: RUF009 - frozen
    written_sha256: str | None = None

    @property
    def fit_sha256(self) -> str:
        """Hash of what weights depend on: of a resumed run as its recipe was written."""
        return self.written_sha256 or self.recipe.fit_sha256(self.index.hash)

    def latents(self, codec: Codec, folder: Path | None) -> Latents:
        """Return the codec as it encodes batches; `folder` keeps latents of a slow one."""
        return Latents(codec, codec.slow, folder)

    def batches(self, latents: Latents, pairs: PairArrays) -> PairBatches:
        """Return the batches of some pairs."""
        recipe = self.recipe
        return PairBatches(
            pairs,
            latents,
            recipe.training,
            Dropout(recipe.siamese.hint_dropout, recipe.siamese.prompt_dropout),
            1000,
            recipe.seed,
        )

    def plan(self, codec: Codec) -> FitPlan:
        """Return what is to be done."""
        recipe = self.recipe
        return FitPlan(
            recipe.base,
            recipe.siamese,
            recipe.siamese,
            recipe.training,
            partial(add_controlnet, recipe, codec),
            recipe.seed,
            self.fit_sha256,
        )


def data_folder(config: FitConfig) -> Path:
    """Return the folder to fit on; UsageError where none was given."""
    if config.data is None:
        raise UsageError("fit needs a folder of data.", "medsynth fit DATA; or --resume.")
    return config.data


def new_recipe(config: FitConfig) -> Recipe:
    """Return the recipe of a new fit, with what the command line adds."""
    sets = list(config.sets)
    if config.steps is not None:
        if config.steps < 1:
            raise UsageError(f"--steps must be at least 1, not {config.steps}.")
        if config.max_minutes is not None:
            raise UsageError(
                "--steps and --max-minutes both decide how many steps there are.",
                "Give one of them.",
            )
        sets.append(f"siamese.steps={config.steps}")
    if config.init_from is not None and not any(
        s.startswith(("base.steps=", "base=")) for s in sets
    ):
        sets.append("base.steps=0")
    return load_recipe(config.recipe, sets)


def open_run(config: FitConfig, report: Report) -> tuple[Run, Recipe, DataIndex]:
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
    recipe = new_recipe(config)
    check_geometry(recipe)
    choose_device(config.device)
    if config.run is not None and Run(config.run).recipe.exists():
        raise UsageError(
            f"{config.run} holds a run already.",
            f"Go on with it: medsynth fit --resume --run {config.run}; or choose another folder.",
        )
    if config.run is not None:
        refuse_strange(config.run)
    data = data_folder(config)
    report(0, 0, "reading the data")
    index = build_index(data, recipe.data, recipe.seed)
    return Run(config.run) if config.run else new_run(data.resolve().name), recipe, index


def refuse_strange(path: Path) -> None:
    """Refuse to put a run among files of another kind.

    Raises:
        UsageError: the folder holds something that no run has.
    """
    try:
        names = sorted(p.name for p in path.iterdir())
        strange = [n for n in names if n not in OWN and not n.startswith(TEMPORARY_PREFIX)]
    except (FileNotFoundError, NotADirectoryError):
        return  # a file is told of when the folder is made
    if strange:
        raise UsageError(
            f"{path} is not empty and holds no run (for example {strange[0]}).",
            "Choose another folder with --run.",
        )


def prepare(
    config: FitConfig,
    run: Run | None,
    recipe: Recipe,
    index: DataIndex,
    processes: Processes = Processes(),  # noqa: B008 - frozen
) -> Prepared:
    """Read the pairs into memory; settle device and threads.

    Args:
        config: what and how.
        run: the run that is gone on with; None where nothing is.
        recipe: of the fit.
        index: its data.
        processes: this process among all.
    """
    check_geometry(recipe)
    processes.shares(recipe.training.batch, recipe.training.accumulate)
    device = choose_device(config.device)
    training = recipe.training.model_copy(
        update={"threads": settle_threads(recipe.training.threads)}
    )
    recipe = recipe.model_copy(update={"training": training})
    items = index.split("train")
    if not items:
        raise InputError("there are no training pairs.", "See: medsynth doctor DATA")
    backbone, column = build_backbone(recipe.model), recipe.model.label_column
    if run is not None:
        labels = label_names(index, column)
        told = read_told(run.checkpoints / PROMPTS, labels, column, backbone.prompt())
        written = run_fit_sha256(run, index.hash)
    else:
        told, written = encode_told(index, column, backbone), None
    train, val = (load_pairs(index, index.split(name), told) for name in ("train", "val"))
    return Prepared(recipe, index, train, val, told, device, processes, written)


def early_warnings(prepared: Prepared) -> list[str]:
    """Return what should be said before a long fit begins."""
    warnings = []
    n = len(prepared.train)
    if n < FEW_PAIRS:
        warnings.append(
            f"{n} training pairs are few: expect samples close to the training images. "
            f"The method is made for {FEW_PAIRS} to 2000."
        )
    if lacks_guidance(prepared.recipe):
        warnings.append(
            f"sampling.guidance_scale={prepared.recipe.sampling.guidance_scale:g} needs a fit with "
            "siamese.hint_dropout above 0: augment will refuse it. Set one of the two: 1, or 0.1."
        )
    warnings += [
        f"{found.what}. {found.tip}" if found.tip else found.what
        for found in prepared.index.notes
        if found.severity == "warning"
    ]
    return warnings
