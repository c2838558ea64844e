"""Shape-model perturbation: an object takes a shape sampled from a model of the training objects.

The model is the principal components of the aligned signed distances of some donor
objects, drawn anew each time: the step holds each donor's weight and nothing else of it.
Differs: Leventon et al. 2000 use one model of all shapes; many small ones give as much
variety, a lineage that names who went in, and a step that is quick to apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import mul
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from medsynth.core.types import Mask
from medsynth.masks.donors import classes_of, pick_donor
from medsynth.masks.nesting import as_pairs
from medsynth.masks.object_shape import PARTS, Extent, extent_of, object_shape, read_shape
from medsynth.masks.objects import find_objects
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step
from medsynth.masks.pose import Places, Pose, place_in
from medsynth.masks.reshape import reshape_objects
from medsynth.masks.shape_space import sample_weights
from medsynth.masks.signed_distance import rounded
from medsynth.masks.sources import source_of


class ShapeModelOptions(PerturbationOptions):
    """Which objects get a new shape, and how far from the mean it may lie."""

    strength: float = Field(default=1.0, ge=0, le=1)
    """The chance of each object that is picked to get a new shape."""

    max_objects: int = Field(default=4, ge=1, le=1000)
    """Up to this many of the mask's objects are picked."""

    max_donors: int = Field(default=8, ge=2, le=64)
    """The model is made from up to this many objects of other masks, with the same classes."""

    variance_kept: float = Field(default=0.9, gt=0, le=1)
    """The components that hold this share of the donors' variance are sampled."""

    max_sd: float = Field(default=1.5, ge=0, le=4)
    """Each component is sampled within this many standard deviations; 0 is the mean shape."""

    max_tries: int = Field(default=30, ge=1, le=10_000)
    """Masks looked at to find donors; with fewer than two the object keeps its shape."""


class ShapeModel:
    """Gives objects sampled shapes where they stand, in their size and direction."""

    name: ClassVar[str] = "shape-model"
    options_type: ClassVar[type[PerturbationOptions]] = ShapeModelOptions
    least_masks: ClassVar[int] = 2

    def __init__(self, options: ShapeModelOptions | None = None) -> None:
        self.options = options or ShapeModelOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:
        """Draw objects, donors and a sample of their model; one model for objects of a kind."""
        o = self.options
        objects, count = find_objects(context.mask)
        picked = rng.choice(count, min(count, o.max_objects), replace=False) if count else ()
        shapes: list[dict[str, Any]] = []
        donors: dict[frozenset[int], list[tuple[str, int]]] = {}
        for number in sorted(int(k) + 1 for k in picked if rng.random() < o.strength):
            classes = classes_of(context.mask, objects, number)
            if classes not in donors:
                donors[classes] = self._donors(rng, context, classes)
            if len(donors[classes]) > 1:
                weights = self._weights(rng, context, donors[classes])
                mix = [
                    [*each, weight] for each, weight in zip(donors[classes], weights, strict=True)
                ]
                shapes.append({"object": number, "mix": mix})
        used = tuple(dict.fromkeys(donor for each in shapes for donor, _, _ in each["mix"]))
        return Step(self.name, {"shapes": shapes, "nested": as_pairs(context.nested)}, used)

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:
        """Give the step's objects their shapes, in their order.

        Raises:
            InputError: a donor is not among the sources.
        """
        nested = dict(step.params["nested"])
        shapers = {
            each["object"]: mixture(each["mix"], sources, nested) for each in step.params["shapes"]
        }
        return reshape_objects(mask, nested, shapers)

    def _donors(
        self, rng: np.random.Generator, context: DrawContext, classes: frozenset[int]
    ) -> list[tuple[str, int]]:
        """Return up to `max_donors` objects, none twice."""
        found: dict[tuple[str, int], None] = {}
        for _ in range(self.options.max_tries):
            donor = pick_donor(rng, context, 1, classes=classes)
            if donor is not None:
                found[donor] = None
            if len(found) == self.options.max_donors:
                break
        return list(found)

    def _weights(
        self, rng: np.random.Generator, context: DrawContext, donors: list[tuple[str, int]]
    ) -> list[float]:
        o = self.options
        shapes = [object_shape(context.sources[d], n, context.nested).layers for d, n in donors]
        depth = min(len(shape) for shape in shapes)
        maps = [np.stack(shape[:depth]) for shape in shapes]
        return sample_weights(maps, o.variance_kept, o.max_sd, rng)


@dataclass(frozen=True, slots=True)
class Mixture:
    """A shape that is a weighted sum of others: (GRID, GRID) float32 a layer, see `ObjectShape`."""

    layers: tuple[NDArray[np.float32], ...]

    def extent(self, pose: Pose) -> Extent:
        """Return where the sum's outline is."""
        return extent_of(self.layers[0], pose)

    def distances(self, layer: int, region: Any, pose: Pose, rows: Places, cols: Places) -> Places:  # noqa: ARG002
        """Return the sum's own distances, in the object's size and direction."""
        along, across = place_in(pose, rows, cols)
        return read_shape(self.layers[min(layer, len(self.layers) - 1)], along, across)


def mixture(
    mix: list[tuple[str, int, float]], sources: Mapping[str, Mask], nested: Mapping[int, int]
) -> Mixture:
    """Return the weighted sum of donors' shapes."""
    shapes = [
        object_shape(source_of(donor, sources), number, nested).layers for donor, number, _ in mix
    ]
    weights = [np.float32(weight) for _, _, weight in mix]
    layers = zip(*shapes, strict=False)  # as deep as the shallowest
    return Mixture(
        tuple(rounded(np.asarray(sum(map(mul, weights, layer))), PARTS) for layer in layers)
    )
