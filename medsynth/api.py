"""The Python API: the command line's verbs as functions of plain arguments.

Each returns the frozen result of its workflow and raises `medsynth.core.errors.MedsynthError`
with a sentence and a tip. Nothing is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from operator import index
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medsynth.core.errors import UsageError

if TYPE_CHECKING:
    from medsynth.exporters.exporter import ExportResult
    from medsynth.workflows.augment.augment import AugmentResult
    from medsynth.workflows.doctor import Report as DoctorReport
    from medsynth.workflows.evaluate.evaluate import EvaluateResult
    from medsynth.workflows.fit.fit import FitResult
    from medsynth.workflows.masks.perturb import PerturbResult
    from medsynth.workflows.prove.conclusion import ProveResult
    from medsynth.workflows.shards.merge import MergeResult

AnyPath = str | PathLike[str]
Report = Callable[[int, int, str], None]


def silent(done: int, total: int, text: str) -> None:
    """Take progress and say nothing: the default `report`."""


def doctor(
    data: AnyPath, *, recipe: str | None = None, options: Mapping[str, Any] | None = None
) -> DoctorReport:
    """Say what is in a folder and what is wrong with it; writes nothing.

    Args:
        data: folder with images and masks.
        recipe: whose data options to use; None for the one that a fit would choose.
        options: dotted keys to values, for example {"data.size": 64}.

    >>> import tempfile
    >>> from medsynth.examples import write_example_pairs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_example_pairs(Path(folder))
    ...     doctor(folder).pairs
    12
    """
    from medsynth.workflows.choice import chosen
    from medsynth.workflows.doctor import diagnose
    from medsynth.workflows.fit.config import FitConfig
    from medsynth.workflows.recipe import load_recipe

    config, _ = chosen(FitConfig(Path(data), recipe, sets=as_sets(options)))
    would = load_recipe(config.recipe, config.sets)
    return diagnose(Path(data), would.data, would.seed)


def fit(
    data: AnyPath | None = None,
    *,
    recipe: str | None = None,
    run: AnyPath | None = None,
    options: Mapping[str, Any] | None = None,
    steps: int | None = None,
    max_minutes: float | None = None,
    resume: bool = False,
    init_from: AnyPath | None = None,
    device: str | None = None,
    report: Report = silent,
    warn: Callable[[str], None] = lambda _: None,
) -> FitResult:
    """Fit the generator on a folder of image-mask pairs; see `medsynth fit --help`.

    Args:
        data: folder with images and masks; None on resume.
        recipe: a recipe's name or file.
        run: the run's folder; None for a new one in ./runs, on resume for the latest.
        options: dotted keys to values on top of the recipe.
        steps: planned steps of the Siamese phase.
        max_minutes: measure the speed first and fix the steps accordingly.
        resume: go on with a run.
        init_from: begin with another run's fitted weights.
        device: "cpu", "cuda", "mps"; None for the best there is.
        report: progress as (done, total, text).
        warn: told each warning in words.

    >>> import tempfile
    >>> from medsynth.examples import TINY, write_example_pairs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_example_pairs(Path(folder, "data"))
    ...     fit(Path(folder, "data"), run=Path(folder, "run"), options=TINY).steps
    {'base': 2, 'siamese': 2}
    """
    from medsynth.workflows.fit.fit import FitConfig
    from medsynth.workflows.fit.fit import fit as run_fit

    config = FitConfig(
        as_path(data),
        recipe,
        as_path(run),
        as_sets(options),
        steps,
        max_minutes,
        resume,
        as_path(init_from),
        device,
    )
    return run_fit(config, report, warn)


def augment(
    n: int | None = None,
    *,
    masks: AnyPath | None = None,
    run: AnyPath | None = None,
    seed: int | None = None,
    options: Mapping[str, Any] | None = None,
    device: str | None = None,
    shard: str | None = None,
    engine: str = "local",
    ray_address: str | None = None,
    report: Report = silent,
) -> AugmentResult:
    """Make synthetic pairs until the run has `n`; see `medsynth augment --help`.

    With `masks`, a folder of mask files, images are made of exactly those; `n` is then one a
    mask where it is not given. With `shard`, "i/k" from 0, only that part is made, for `merge`.

    >>> import tempfile
    >>> from medsynth.examples import TINY, write_example_pairs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_example_pairs(Path(folder, "data"))
    ...     run = fit(Path(folder, "data"), run=Path(folder, "run"), options=TINY).run
    ...     augment(3, run=run).accepted
    3
    """
    from medsynth.workflows.augment.augment import AugmentConfig
    from medsynth.workflows.augment.augment import augment as run_augment

    sets, given = as_sets(options), as_path(masks)
    count = None if n is None else as_count(n, "samples")
    config = AugmentConfig(
        count, as_path(run), seed, sets, device, given, shard, engine, ray_address
    )
    return run_augment(config, report)


def merge(*shards: AnyPath, run: AnyPath | None = None, report: Report = silent) -> MergeResult:
    """Take the samples of a run's shards over into the run; see `medsynth merge --help`.

    >>> import tempfile
    >>> from medsynth.examples import TINY, write_example_pairs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_example_pairs(Path(folder, "data"))
    ...     run = fit(Path(folder, "data"), run=Path(folder, "run"), options=TINY).run
    ...     made = [augment(3, run=run, shard=f"{i}/2") for i in range(2)]
    ...     merge(run=run).accepted
    3
    """
    from medsynth.workflows.shards.merge import merge as merge_run

    return merge_run(as_path(run), [Path(shard) for shard in shards], report)


def perturb(
    data: AnyPath,
    n: int,
    out: AnyPath,
    *,
    seed: int | None = None,
    recipe: str | None = None,
    options: Mapping[str, Any] | None = None,
    report: Report = silent,
) -> PerturbResult:
    """Write new masks alone until `out` holds `n`; see `medsynth perturb --help`.

    >>> import tempfile
    >>> from medsynth.examples import write_example_pairs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_example_pairs(Path(folder, "data"))
    ...     perturb(Path(folder, "data"), 3, Path(folder, "new"), options={"data.size": 32}).masks
    3
    """
    from medsynth.workflows.masks.perturb import PerturbConfig
    from medsynth.workflows.masks.perturb import perturb as perturb_masks

    count = as_count(n, "masks")
    config = PerturbConfig(Path(data), count, Path(out), seed, recipe, as_sets(options))
    return perturb_masks(config, report)


def export(
    format: str,  # noqa: A002 - the option's name
    *,
    run: AnyPath | None = None,
    out: AnyPath | None = None,
    overwrite: bool = False,
    options: Mapping[str, Any] | None = None,
    report: Report = silent,
) -> ExportResult:
    """Write a run's real and synthetic pairs in a format; see `medsynth export --help`.

    >>> import tempfile
    >>> from medsynth.examples import TINY, write_example_pairs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_example_pairs(Path(folder, "data"))
    ...     run = fit(Path(folder, "data"), run=Path(folder, "run"), options=TINY).run
    ...     made = augment(3, run=run)
    ...     export("folder", run=run).counts["train"]["synthetic"]
    3
    """
    from medsynth.workflows.export.export import ExportConfig, export_run

    config = ExportConfig(format, as_path(run), as_path(out), overwrite, as_sets(options))
    return export_run(config, report)


def evaluate(
    *,
    run: AnyPath | None = None,
    real: AnyPath | None = None,
    options: Mapping[str, Any] | None = None,
    device: str | None = None,
    report: Report = silent,
) -> EvaluateResult:
    """Judge a run's samples: quality, diversity, privacy; see `medsynth evaluate --help`.

    `options` are those of the recipe's section `evaluate`, e.g. {"evaluate.features": "clip"}.
    `real` is a folder of other real pairs, for the place of the run's own held-out ones.
    """
    from medsynth.workflows.evaluate.evaluate import EvaluateConfig
    from medsynth.workflows.evaluate.evaluate import evaluate as run_evaluate

    config = EvaluateConfig(as_path(run), as_sets(options), device, as_path(real))
    return run_evaluate(config, report)


def prove(
    data: AnyPath | None = None,
    *,
    run: AnyPath | None = None,
    beside: Iterable[AnyPath] = (),
    segmenter_command: str | None = None,
    max_minutes: float | None = None,
    options: Mapping[str, Any] | None = None,
    device: str | None = None,
    report: Report = silent,
) -> ProveResult:
    """Tell whether a run's synthetic pairs raise Dice on test; see `medsynth prove --help`.

    `data` is a folder of real pairs to judge on in place of test, such as another hospital's.
    `beside` are other runs on the same pairs, whose samples are compared too;
    `segmenter_command` is your own training script, in place of MONAI's networks.

    `options` are those of the recipe's section `prove`, for example {"prove.seeds": 3}.
    """
    from medsynth.workflows.prove.prove import ProveConfig
    from medsynth.workflows.prove.prove import prove as run_prove

    others = tuple(Path(each) for each in beside)
    config = ProveConfig(
        as_path(run), as_sets(options), others, max_minutes, device, segmenter_command,
        as_path(data),
    )  # fmt: skip
    return run_prove(config, report)


def as_count(value: Any, what: str) -> int:
    """Return a number of things to make, from any kind of whole number.

    Raises:
        UsageError: it is none, or less than 1.

    >>> as_count(3, "masks")
    3
    """
    try:
        count = 0 if isinstance(value, bool) else index(value)
    except TypeError:
        count = 0
    if count < 1:
        raise UsageError(f"the number of {what} must be whole and at least 1, not {value!r}.")
    return count


def as_path(value: AnyPath | None) -> Path | None:
    """Return a Path, or None for None."""
    return None if value is None else Path(value)


def as_sets(options: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return dotted keys and values as the command line's `--set` texts.

    Raises:
        UsageError: a value is no text, number, path, list or mapping.

    >>> as_sets({"data.size": 64, "data.where": {"kind": "x"}})
    ('data.size=64', 'data.where={"kind": "x"}')
    """
    import json

    return tuple(
        f"{key}={json.dumps(value, default=_plain)}" for key, value in (options or {}).items()
    )


def _plain(value: Any) -> Any:
    """Return a path, a number or an array of NumPy, or a set as what JSON can hold."""
    if isinstance(value, PathLike):
        return fspath(value)
    if isinstance(value, Set):
        return sorted(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise UsageError(f"{value!r} is no value of an option: it is a {type(value).__name__}.")
