"""What is evaluated, as each of the measures is given it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from medsynth.core.seeds import generator
from medsynth.data.index import DataIndex
from medsynth.io.runs import Run
from medsynth.workflows.evaluate.likeness import Likeness, likeness
from medsynth.workflows.evaluate.options import EvaluateOptions
from medsynth.workflows.evaluate.sets import EvaluatedSets, group_names
from medsynth.workflows.recipe import Recipe

Report = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class Groups:
    """The group of each image, as resampling wants them: (N,) names."""

    train: NDArray[np.str_]
    held_out: NDArray[np.str_]
    made: NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Case:
    """A run, its images, and how they are looked at.

    sets: the images.
    device: where networks compute.
    report: progress.
    """

    run: Run
    recipe: Recipe
    index: DataIndex
    sets: EvaluatedSets
    device: torch.device
    report: Report

    @property
    def options(self) -> EvaluateOptions:
        """How many of what."""
        return self.recipe.evaluate

    @property
    def groups(self) -> Groups:
        """Names of the groups."""
        sets = self.sets
        train, held_out = (group_names(each.groups) for each in (sets.train, sets.held_out))
        return Groups(train, held_out, np.array(sets.made_groups, np.str_))

    @cached_property
    def likeness(self) -> Likeness:
        """What the copy detector says; made when it is first asked."""
        self.report(0, 0, "looking for copies")
        return likeness(self.sets)

    def rng(self, what: str) -> np.random.Generator:
        """Return the generator of one measure: none depends on which others there are."""
        return generator(self.recipe.seed, "evaluate", what)
