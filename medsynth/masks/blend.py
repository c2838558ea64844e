"""Blend perturbation: an object takes a shape between its own and that of another mask's object.

The signed distances of both outlines are interpolated, after centroids and longer axes
are brought together (Raya and Udupa 1990, "Shape-based interpolation of multidimensional
objects").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from medsynth.core.types import Mask
from medsynth.masks.donors import classes_of, pick_donor
from medsynth.masks.nesting import as_pairs
from medsynth.masks.object_shape import (
    Extent,
    ObjectShape,
    extent_of,
    object_shape,
    read_shape,
)
from medsynth.masks.objects import find_objects
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step
from medsynth.masks.pose import Places, Pose, place_in
from medsynth.masks.reshape import reshape_objects
from medsynth.masks.signed_distance import signed_distance
from medsynth.masks.sources import source_of


class BlendOptions(PerturbationOptions):
    """How many objects are blended, and how far they go towards another's shape."""

    max_objects: int = Field(default=8, ge=1, le=1000)
    """Up to this many of the mask's objects are blended, each with a donor of its own."""

    min_share: float = Field(default=0.25, ge=0, le=1)
    """The donor's share of the shape is at least this (times the strength)."""

    max_share: float = Field(default=0.75, ge=0, le=1)
    """The donor's share is at most this (times the strength); at 1 the shape is the donor's."""

    max_size_change: float = Field(default=0.3, ge=0, le=4)
    """The donor is scaled to between 1 / (1 + this) and 1 + this of the object's own size."""

    max_tries: int = Field(default=10, ge=1, le=1000)
    """Masks looked at to find a donor with the same classes, before an object is left out."""

    @model_validator(mode="after")
    def _ordered(self) -> BlendOptions:
        if self.min_share > self.max_share:
            raise ValueError("min_share is more than max_share")
        return self


class Blend:
    """Gives objects shapes between two real ones; nested classes are blended alike."""

    name: ClassVar[str] = "blend"
    options_type: ClassVar[type[PerturbationOptions]] = BlendOptions
    least_masks: ClassVar[int] = 2

    def __init__(self, options: BlendOptions | None = None) -> None:
        self.options = options or BlendOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:
        """Draw objects, a donor with the same classes for each, and shares."""
        o = self.options
        objects, count = find_objects(context.mask)
        picked = rng.choice(count, min(count, o.max_objects), replace=False) if count else ()
        blends: list[dict[str, Any]] = []
        for number in sorted(int(k) + 1 for k in picked):
            classes = classes_of(context.mask, objects, number)
            found = pick_donor(rng, context, o.max_tries, classes=classes)
            share = round(o.strength * rng.uniform(o.min_share, o.max_share), 4)
            if found is not None and share > 0:
                donor = {"donor": found[0], "donor_object": found[1]}
                blends.append({"object": number, **donor, "share": share})
        params = {"blends": blends, "max_size_change": o.max_size_change}
        donors = tuple(dict.fromkeys(each["donor"] for each in blends))
        return Step(self.name, params | {"nested": as_pairs(context.nested)}, donors)

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:
        """Blend the step's objects, in their order.

        Raises:
            InputError: a donor is not among the sources.
        """
        nested = dict(step.params["nested"])
        most = 1 + step.params["max_size_change"]
        shapers = {}
        for each in step.params["blends"]:
            donor = source_of(each["donor"], sources)
            shape = object_shape(donor, each["donor_object"], nested)
            shapers[each["object"]] = Between(shape, each["share"], most)
        return reshape_objects(mask, nested, shapers)


@dataclass(frozen=True, slots=True)
class Between:
    """A shape between an object's own and that of another.

    donor: the other's shape. share: how far towards it. most: by how much it is scaled at most.
    """

    donor: ObjectShape
    share: float
    most: float

    def extent(self, pose: Pose) -> Extent:
        """Return where the donor's outline is: what is in neither is not between them."""
        return extent_of(self.donor.layers[0], pose, self._scale(pose))

    def distances(self, layer: int, region: Any, pose: Pose, rows: Places, cols: Places) -> Places:
        """Return distances interpolated between the two."""
        own, scale = signed_distance(region), self._scale(pose)
        along, across = place_in(pose, rows, cols)
        shape = self.donor.layers[min(layer, len(self.donor.layers) - 1)]
        other = read_shape(shape, along / scale, across / scale)
        other *= np.float32(scale * pose.size_px)
        other -= own
        other *= np.float32(self.share)
        other += own
        return other

    def _scale(self, pose: Pose) -> float:
        return min(max(self.donor.size_px / pose.size_px, 1 / self.most), self.most)
