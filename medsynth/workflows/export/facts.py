"""What a run tells of itself in the datasheet of its exports: names and hashes, no paths."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any

from medsynth.core.errors import InputError
from medsynth.io.hashing import hash_file, hash_json
from medsynth.io.runs import Run
from medsynth.workflows.export.about_run import about_run
from medsynth.workflows.export.rows import Synthetic
from medsynth.workflows.recipe import Recipe

FITTED_HERE = "none of its own: it was fitted on the training images"
CODEC_LICENCES = {
    "taef2": "MIT (TAEF2, github.com/madebyollin/taesd)",
    "haar": "none: it has no weights",
    "patches": FITTED_HERE,
    "autoencoder": FITTED_HERE,
}
BASE_LICENCES = {
    "stable-diffusion-v1": "CreativeML Open RAIL-M",
    "stable-diffusion-2": "CreativeML Open RAIL++-M",
}
"""By a part of the base's name."""
UNKNOWN = "not known; see where the weights come from"


def sample_facts(made: Synthetic) -> dict[str, Any]:
    """Return JSON values of a run's samples: gates, samplers, acceptance, hashes of all."""
    return {
        "samples_sha256": samples_sha256(made),
        "checkpoint_sha256": made.checkpoints,
        "gates": made.gates,
        "sampling": made.sampling,
        "acceptance": dataclasses.asdict(made.acceptance),
    }


def samples_sha256(made: Synthetic) -> str:
    """Return a hash of all samples that a run has, by which a later look knows them again."""
    return hash_json([row.content for row in made.rows])


def run_facts(run: Run, recipe: Recipe) -> dict[str, Any]:
    """Return JSON values of a run: recipe, model, evaluation.

    Raises:
        InputError: evaluation.json is damaged.
    """
    about = about_run(run)
    return {
        "run": run.path.resolve().name,
        "recipe": {
            "name": _last_part(about.get("recipe")),
            "sha256": hash_file(run.recipe),
            "seed": recipe.seed,
        },
        "model": model_facts(recipe, about),
        "evaluation": read_evaluation(run.evaluation),
    }


def model_facts(recipe: Recipe, about: dict[str, Any]) -> dict[str, Any]:
    """Return what made the images, with the licences of what others have trained."""
    facts: dict[str, Any] = {"backbone": recipe.model.backbone}
    if recipe.model.backbone == "stable-diffusion":
        base = _last_part(recipe.model.stable_diffusion.base) or ""
        facts["base"] = base
        known = (text for part, text in BASE_LICENCES.items() if part in base.lower())
        facts["base_licence"] = next(known, UNKNOWN)
    else:
        facts["codec"] = recipe.model.codec.name
        facts["codec_licence"] = CODEC_LICENCES.get(recipe.model.codec.name, UNKNOWN)
    return {
        **facts,
        "objective": recipe.training.objective,
        "planned_steps": {"base": recipe.base.steps, "siamese": recipe.siamese.steps},
        "init_from": _last_part(about.get("init_from")),
        "imported": _last_part(about.get("imported")),
    }


PAIRS = ("nearest", "worst", "most_alike")
"""Lists of single pairs in an evaluation: they name real ones, which a datasheet has no use for."""


def read_evaluation(path: Path) -> Any:
    """Return what an evaluation has found, without paths and single pairs, or None.

    Raises:
        InputError: the file is damaged.
    """
    if not path.exists():
        return None
    try:
        text = path.read_text(encoding="utf-8")
        return _without_names(json.loads(text, parse_constant=lambda _: None))  # NaN: not measured
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} is damaged: {error}.", "Evaluate again, or delete it to export without."
        ) from error


def _without_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_names(inner) for k, inner in value.items() if k not in PAIRS}
    if isinstance(value, list):
        return [_without_names(inner) for inner in value]
    if isinstance(value, str) and (PurePath(value).is_absolute() or _is_windows_path(value)):
        return _last_part(value)
    return value


def _is_windows_path(text: str) -> bool:
    return PureWindowsPath(text).is_absolute()


def _last_part(text: Any) -> str | None:
    """Return the last part of a path, hub id or name."""
    return PureWindowsPath(str(text)).name if text else None
