"""What the study compares, read from study.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from medsynth.io.yaml import read_yaml

HERE = Path(__file__).parent
Sets = dict[str, Any]
"""Dotted key of a recipe -> value."""


class Strict(BaseModel):
    """Refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SetSpec(Strict):
    """A set of pairs: folder under --data, options of its section `data`, and its folds."""

    data: str
    options: Sets
    folds: Literal["one", "two"] = "one"


class Generator(Strict):
    """A way to make samples.

    fit: options of its own fit; with `base.steps` it has a base of its own. weights_of: another
    generator, of this stage or one that was run before, whose weights it has; only its samples
    differ. augment: options of its samples.
    """

    fit: Sets = Field(default_factory=dict)
    weights_of: str | None = None
    augment: Sets = Field(default_factory=dict)


class Pool(Strict):
    """Sets that a base learns from before it meets the user's images; `fit`: options of that."""

    sets: tuple[str, ...]
    fit: Sets = Field(default_factory=dict)


class Stage(Strict):
    """A stage: generators that begin with one base each fold, and segmenters that judge them.

    options: of all fits. base: of the base's fit; base_name: what it is called. method: of the
    generators' fits. generators: by name; stages share what is called alike. augment: of the
    samples. pool: what the base begins with; then `base` has to say its steps. ratios: arms
    with so many synthetic pairs for each real one. prove: of the segmenters. judge: where these
    are compared. environment: variables that have to be set, for `auto` goes by them.
    """

    sets: tuple[str, ...]
    recipe: str
    options: Sets = Field(default_factory=dict)
    base: Sets
    base_name: str = "base"
    pool: Pool | None = None
    method: Sets
    generators: dict[str, Generator]
    generator_seeds: int = Field(ge=1)
    augment: Sets = Field(default_factory=dict)
    ratios: tuple[float, ...]
    prove: Sets
    judge: Literal["test", "val"] = "test"
    evaluate: bool = True
    environment: tuple[str, ...] = ("MEDSYNTH_TAEF2",)


class Study(Strict):
    """All sets and stages."""

    sets: dict[str, SetSpec]
    stages: dict[str, Stage]


def read_study() -> Study:
    """Return what study.yaml says."""
    return Study.model_validate(read_yaml(HERE / "study.yaml"))
