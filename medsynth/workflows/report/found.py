"""What a run holds that the report can tell of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsynth.core.errors import InputError
from medsynth.data.records import DataIndex
from medsynth.io.json_text import parse_json
from medsynth.io.runs import Run
from medsynth.workflows.recipe import Recipe, read_run_recipe


@dataclass(frozen=True)
class Found:
    """A run's figures, each None where no command has made it yet.

    about: versions and device of the fit.
    images: whether images may be shown.
    """

    run: Run
    recipe: Recipe
    index: DataIndex
    about: dict[str, Any] | None
    evaluation: dict[str, Any] | None
    proof: dict[str, Any] | None
    gates: dict[str, Any] | None
    images: bool

    @property
    def class_names(self) -> dict[int, str]:
        """Names of the classes without the background."""
        return {each.id: each.name for each in self.index.classes if each.id}


def read_found(run: Run) -> Found:
    """Read them.

    Images are left out where the recipe says so, and where the last evaluation or the last proof
    was told so: the other of the two does not bring them back.

    Raises:
        InputError: a file is damaged.
    """
    recipe = read_run_recipe(run)
    evaluation = read_figures(run.evaluation)
    proof = read_figures(run.verdict)
    told = (evaluation or {}).get("about", {}).get("options", {}), proof or {}
    return Found(
        run,
        recipe,
        DataIndex.load(run.path),
        read_figures(run.about),
        evaluation,
        proof,
        read_figures(run.gates / "gates.json"),
        recipe.evaluate.report_images and all(each.get("report_images", True) for each in told),
    )


def read_figures(path: Path) -> dict[str, Any] | None:
    """Return what a JSON file holds, or None where there is no such file.

    Raises:
        InputError: it is damaged.
    """
    try:
        values = parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise InputError(
            f"{path} is damaged: {error}.", "Delete it, and run the command that makes it again."
        ) from error
    if not isinstance(values, dict):
        raise InputError(f"{path} is not a JSON object.", "Delete it, and make it again.")
    return values
