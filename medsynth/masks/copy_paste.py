"""Copy-paste perturbation: objects of other source masks laid onto this one.

After Ghiasi et al. 2021, "Simple Copy-Paste is a Strong Data Augmentation Method for
Instance Segmentation".
Differs: only masks are pasted, and no object may cover or be covered beyond a limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log1p
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from medsynth.core.errors import InputError
from medsynth.core.types import Mask
from medsynth.masks.copying import copied
from medsynth.masks.cutting import box_of, cut_out, paste
from medsynth.masks.instances import MOST_INSTANCES
from medsynth.masks.objects import find_objects
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step


class CopyPasteOptions(PerturbationOptions):
    """How many objects are pasted, and where they may lie."""

    strength: float = Field(default=1.0, ge=0, le=1)
    """The chance of each object to be pasted at all."""

    max_objects: int = Field(default=3, ge=1, le=100)
    """From one object up to this many, but never more than the mask has already."""

    max_scale_change: float = Field(default=0.2, ge=0, le=4)
    """An object is scaled between 1 / (1 + this) and 1 + this."""

    max_overlap_fraction: float = Field(default=0.1, ge=0, le=1)
    """A place is refused where more of the object would lie on others, or cover of another."""

    allow_cut_objects: bool = False
    """Also paste objects that the donor's frame cuts; they show a straight edge."""

    max_tries: int = Field(default=10, ge=1, le=1000)
    """Donors, and then places, tried for each object before it is left out."""


class CopyPaste:
    """Pastes objects, each with all of its classes; an empty mask stays empty."""

    name: ClassVar[str] = "copy-paste"
    options_type: ClassVar[type[PerturbationOptions]] = CopyPasteOptions

    def __init__(self, options: CopyPasteOptions | None = None) -> None:
        self.options = options or CopyPasteOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:
        """Draw donors, objects, sizes and places; what does not fit is left out of the step."""
        o = self.options
        mask = context.mask
        wanted = min(int(rng.integers(1, o.max_objects + 1)), find_objects(mask)[1])
        pastes: list[dict[str, Any]] = []
        for _ in range(wanted):
            if rng.random() >= o.strength:
                continue
            found = self._place(rng, mask, context)
            if found is not None:
                pastes.append(found)
                mask = lay(mask, found, context.sources)
        return Step(self.name, {"pastes": pastes}, donors_of(pastes))

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:
        """Lay the step's objects on the mask, one after the other.

        Raises:
            InputError: a donor is not among the sources.
        """
        result = copied(mask)
        for each in step.params["pastes"]:
            result = lay(result, each, sources)
        return result

    def _place(
        self, rng: np.random.Generator, mask: Mask, context: DrawContext
    ) -> dict[str, Any] | None:
        """Return where to lay which object of which donor, or None where nothing fits."""
        picked = self._pick(rng, context)
        if picked is None:
            return None
        donor, number, box = picked
        growth = log1p(self.options.max_scale_change)
        occupied, _ = find_objects(mask)
        for _ in range(self.options.max_tries):
            scale = exp(rng.uniform(-growth, growth))
            height, width = (max(1, round(side * scale)) for side in box[2:])
            room = mask.hw[0] - height, mask.hw[1] - width
            if min(room) < 0:
                continue
            top, left = (int(rng.integers(0, spare + 1)) for spare in room)
            piece = cut_out(context.sources[donor], number, height, width)
            if self._fits(mask, occupied, piece, top, left):
                where = {"height": height, "width": width, "top": top, "left": left}
                return {"donor": donor, "object": number, **where}
        return None

    def _pick(
        self, rng: np.random.Generator, context: DrawContext
    ) -> tuple[str, int, tuple[int, int, int, int]] | None:
        """Return a donor, the number of one of its objects, and that object's box."""
        if not context.source_ids:
            return None
        for _ in range(self.options.max_tries):
            donor = context.source_ids[int(rng.integers(len(context.source_ids)))]
            if donor == context.mask_id:
                continue
            found, count = find_objects(context.sources[donor])
            usable = np.arange(1, count + 1)
            if not self.options.allow_cut_objects:
                usable = np.setdiff1d(usable, on_frame(found))
            if len(usable):
                number = int(rng.choice(usable))
                return donor, number, box_of(found == number)
        return None

    def _fits(
        self, mask: Mask, occupied: NDArray[np.int32], piece: Mask, top: int, left: int
    ) -> bool:
        """Return whether the piece may lie there."""
        height, width = piece.hw
        on_top = piece.labels > 0
        under = occupied[top : top + height, left : left + width][on_top]
        if not len(under) or too_many(mask, piece):
            return False
        covered = np.bincount(under)
        covered[0] = 0
        areas = np.bincount(occupied.ravel(), minlength=len(covered))[: len(covered)]
        most = max(covered.sum() / len(under), (covered / np.maximum(areas, 1)).max())
        return bool(most <= self.options.max_overlap_fraction)


def lay(mask: Mask, each: Mapping[str, Any], sources: Mapping[str, Mask]) -> Mask:
    """Return the mask with one object of a copy-paste step on top."""
    donor = sources.get(each["donor"])
    if donor is None:
        raise InputError(
            f"the mask plan pastes from '{each['donor']}', which is not among the source masks.",
            "Use the data that the plan was made from.",
        )
    piece = cut_out(donor, each["object"], each["height"], each["width"])
    return paste(mask, piece, each["top"], each["left"])


def donors_of(pastes: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the donor ids, each once, in order of use."""
    return tuple(dict.fromkeys(each["donor"] for each in pastes))


def on_frame(found: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the numbers of the objects that touch the picture's frame (and perhaps 0)."""
    return np.unique(np.concatenate([found[0], found[-1], found[:, 0], found[:, -1]]))


def too_many(mask: Mask, piece: Mask) -> bool:
    """Return whether both together have more instances than ids can count."""
    if mask.instances is None or piece.instances is None:
        return False
    return int(mask.instances.max(initial=0)) + int(piece.instances.max()) > MOST_INSTANCES
