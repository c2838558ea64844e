"""Recipes: named sets of options, resolved with what the command line adds.

A recipe file holds only what differs from the defaults; a run's `recipe.yaml` holds
everything. Reading recipes imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from medsynth.core.errors import UsageError, did_you_mean
from medsynth.core.options import Options, parse_options, walk_fields
from medsynth.data.options import DataOptions
from medsynth.exporters.options import ExportOptions
from medsynth.io.atomic import write_text
from medsynth.io.hashing import hash_json
from medsynth.io.json_text import parse_json
from medsynth.io.runs import Run
from medsynth.io.yaml import dump_yaml, load_yaml, read_yaml
from medsynth.masks.options import MaskOptions
from medsynth.model.options import ModelOptions
from medsynth.model.siamese_options import SiameseOptions
from medsynth.quality.gates.options import GateOptions
from medsynth.sampling.options import SamplingOptions
from medsynth.training.options import PhaseOptions, TrainingOptions
from medsynth.workflows.evaluate.options import EvaluateOptions
from medsynth.workflows.prove.options import ProveOptions

DEFAULT = "compact"
AUTO = "auto"
"""The recipe that stands for a choice; see `workflows.choice`."""


class SiamesePhaseOptions(PhaseOptions, SiameseOptions):
    """The Siamese phase: steps and learning rate, weights and thresholds."""


class Recipe(Options):
    """Everything that a run is made from."""

    seed: int = Field(default=0, ge=0)
    """The run's seed; all randomness follows from it."""
    data: DataOptions = Field(default_factory=DataOptions)
    """What is read, and how."""
    model: ModelOptions = Field(default_factory=ModelOptions)
    """What is fitted."""
    training: TrainingOptions = Field(default_factory=TrainingOptions)
    """How it is fitted."""
    base: PhaseOptions = Field(default_factory=PhaseOptions)
    """First phase: the U-Net alone learns the images."""
    siamese: SiamesePhaseOptions = Field(default_factory=SiamesePhaseOptions)
    """Second phase: ControlNet and decoder half learn to follow the mask."""
    masks: MaskOptions = Field(default_factory=MaskOptions)
    """How new masks are made."""
    sampling: SamplingOptions = Field(default_factory=SamplingOptions)
    """How images are made from them."""
    gates: GateOptions = Field(default_factory=GateOptions)
    """What an image must pass to be kept."""
    evaluate: EvaluateOptions = Field(default_factory=EvaluateOptions)
    """How the samples are judged."""
    prove: ProveOptions = Field(default_factory=ProveOptions)
    """How it is proved that they help."""
    export: ExportOptions = Field(default_factory=ExportOptions)
    """How data sets are written."""

    def fit_sha256(self, index_sha256: str) -> str:
        """Return the hash of all that fitted weights depend on, data included."""
        return _fit_sha256(self.model_dump(mode="json"), index_sha256)


FIT_PARTS = ("seed", "model", "base", "siamese")
"""Sections of a recipe that fitted weights depend on, besides `training`."""
BOOKKEEPING = ("keep_checkpoints", "grid_every", "log_every")
"""Training options that change no weight."""
EVERY = "checkpoint_every"
"""The training option that changes weights only where these are chosen by validation loss."""


def _fit_sha256(values: Mapping[str, Any], index_sha256: str, older: bool = False) -> str:
    left_out = BOOKKEEPING if chooses_by_val(values) and not older else (*BOOKKEEPING, EVERY)
    parts = {key: values.get(key) for key in FIT_PARTS}
    training = {k: v for k, v in (values.get("training") or {}).items() if k not in left_out}
    return hash_json([parts, training, index_sha256])


def chooses_by_val(values: Mapping[str, Any]) -> bool:
    """Return whether weights depend on which checkpoints a fit makes, for it looks at their losses.

    Args:
        values: of a recipe, as they are written.
    """
    patient = any((values.get(phase) or {}).get("patience") for phase in ("base", "siamese"))
    return patient or (values.get("training") or {}).get("base_weights") == "best"


def run_fit_sha256(run: Run, index_sha256: str) -> str:
    """Return `Recipe.fit_sha256` of a run's recipe as it was written at its fit.

    Options that later versions of medsynth add do not change it. Versions that never hashed
    `checkpoint_every` made other hashes of some recipes; where a checkpoint of the run says such a
    one, it is returned.
    """
    values = read_yaml(run.recipe) or {}
    older = _fit_sha256(values, index_sha256, older=True)
    return older if older in _recorded(run) else _fit_sha256(values, index_sha256)


def _recorded(run: Run) -> set[Any]:
    """Return the hashes that a run's checkpoints say; those that are damaged say none."""
    found = set()
    for path in run.checkpoints.glob("*-*/state.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            found.add(parse_json(path.read_text(encoding="utf-8"))["recipe_sha256"])
    return found


@cache
def recipes_folder() -> Path:
    """Return where the recipes lie: in the installed package, or in the source tree."""
    package = Path(__file__).parents[1]
    inside = package / "_recipes"
    return inside if inside.is_dir() else package.parent / "recipes"


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with medsynth, sorted."""
    return sorted(path.stem for path in recipes_folder().glob("*.yaml"))


def recipe_path(name_or_path: str) -> Path:
    """Return the file of a recipe, by name or by path.

    Raises:
        UsageError: there is none.
    """
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise UsageError(f"there is no recipe file {path}.", "List them: medsynth recipes ls")
        return path
    if name_or_path not in recipe_names():
        raise UsageError(
            f"unknown recipe '{name_or_path}': {did_you_mean(name_or_path, recipe_names())}",
            "List them: medsynth recipes ls; or give the path of a .yaml file.",
        )
    return recipes_folder() / f"{name_or_path}.yaml"


def load_recipe(name_or_path: str | None, sets: Sequence[str] = ()) -> Recipe:
    """Return a recipe with `--set` values on top.

    Args:
        name_or_path: a name, a .yaml file, or None (and auto) for the default recipe.
        sets: "a.b=value" texts, the value in YAML.

    Raises:
        UsageError: no such recipe, a misspelt key, a value that does not fit.
    """
    name = DEFAULT if name_or_path in (None, AUTO) else name_or_path
    return _resolve(read_yaml(recipe_path(name)), sets, f"recipe {name}")


def read_run_recipe(run: Run, sets: Sequence[str] = ()) -> Recipe:
    """Return a run's resolved recipe, with `--set` values on top; see `load_recipe`."""
    return _resolve(read_yaml(run.recipe), sets, str(run.recipe))


def refuse_other_sets(verb: str, sets: Sequence[str], settable: Sequence[str]) -> None:
    """Refuse `--set` values that a verb would not heed.

    Args:
        verb: as the user called it.
        sets: "key=value" texts.
        settable: how keys may begin: a section with its dot, or a whole key with its "=".

    Raises:
        UsageError: one is another; what may be set is named.
    """
    for text in sets:
        if not text.startswith(tuple(settable)):
            *first, last = (f"{k}*" if k.endswith(".") else k.rstrip("=") for k in settable)
            known = f"{', '.join(first)} and {last}" if first else last
            raise UsageError(f"--set {text}: {verb} can set {known} only.")


def write_run_recipe(run: Run, recipe: Recipe) -> None:
    """Write the resolved recipe into the run folder."""
    write_text(run.recipe, dump_yaml(recipe.model_dump(mode="json")))


def _resolve(values: Any, sets: Sequence[str], where: str) -> Recipe:
    values = {} if values is None else values  # nothing but comments
    if not isinstance(values, Mapping):
        raise UsageError(f"{where} is not a mapping of keys to values.")
    merged = _copied(values)
    for text in sets:
        apply_set(merged, text)
    return parse_options(Recipe, merged, f"{where} with --set" if sets else where)


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copied(v) if isinstance(v, Mapping) else v for k, v in values.items()}


def apply_set(values: dict[str, Any], text: str) -> None:
    """Put one "a.b=value" into nested values, in place.

    Raises:
        UsageError: not of that form, or the key is not one of a recipe.
    """
    key, sign, value = text.partition("=")
    key = key.strip()
    if not sign or not key:
        raise UsageError(f"--set {text}: it takes key=value.", "For example --set data.size=128")
    path = key.split(".")
    inner: Any = values
    for part in path[:-1]:
        inner = inner.setdefault(part, {})
        if not isinstance(inner, dict):
            raise UsageError(f"--set {key}: {part} holds a value, no keys.", known_key(key))
    inner[path[-1]] = load_yaml(value, f"--set {key}")


def known_key(key: str) -> str:
    """Return a did-you-mean for a dotted key."""
    return did_you_mean(key, [name for name, _ in walk_fields(Recipe)])
