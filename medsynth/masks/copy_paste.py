"""Copy-paste perturbation: objects of other source masks laid onto this one.

After Ghiasi et al. 2021, "Simple Copy-Paste is a Strong Data Augmentation Method for
Instance Segmentation".
Differs: only masks are pasted, and no object may cover or be covered beyond a limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log1p
from typing import Any, ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from medsynth.core.types import Box, Mask
from medsynth.masks.copying import copied, only
from medsynth.masks.cutting import cut_out, paste
from medsynth.masks.donors import pick_donor
from medsynth.masks.flip import flipped
from medsynth.masks.instances import MOST_INSTANCES
from medsynth.masks.objects import find_objects, object_box
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step
from medsynth.masks.reshape import largest_piece
from medsynth.masks.sources import source_of


class CopyPasteOptions(PerturbationOptions):
    """How many objects are pasted, and where they may lie."""

    strength: float = Field(default=1.0, ge=0, le=1)
    """The chance of each object to be pasted at all."""

    max_objects: int = Field(default=3, ge=1, le=100)
    """From one object up to this many, but never more than the mask has already."""

    max_scale_change: float = Field(default=0.2, ge=0, le=4)
    """An object is scaled between 1 / (1 + this) and 1 + this."""

    max_overlap_fraction: float = Field(default=0.1, ge=0, le=1)
    """A place is refused where more of the object would lie on others, or cover of another.

    Without instances two objects that touch would become one: there none may touch.
    """

    placement: Literal["as-seen", "anywhere"] = "as-seen"
    """as-seen: near the place that the object has in its own mask; or anywhere in the picture."""

    max_placement_shift_fraction: float = Field(default=0.25, ge=0, le=1)
    """How far as-seen may be off, as a fraction of the picture's height and width."""

    flip_objects: bool = True
    """Also turn and mirror each object, by quarter turns."""

    order: Literal["over", "under", "either"] = "either"
    """Where an object overlaps others: whether it lies over or under them."""

    allow_cut_objects: bool = False
    """Also paste objects that the donor's frame cuts; they show a straight edge."""

    max_tries: int = Field(default=10, ge=1, le=1000)
    """Donors, and then places, tried for each object before it is left out."""


class CopyPaste:
    """Pastes objects, each with all of its classes; an empty mask stays empty."""

    name: ClassVar[str] = "copy-paste"
    options_type: ClassVar[type[PerturbationOptions]] = CopyPasteOptions
    least_masks: ClassVar[int] = 2

    def __init__(self, options: CopyPasteOptions | None = None) -> None:
        self.options = options or CopyPasteOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:
        """Draw donors, objects, sizes and places; what does not fit is left out of the step."""
        o = self.options
        mask = context.mask
        count = find_objects(mask)[1]
        wanted = min(int(rng.integers(1, o.max_objects + 1)), count)
        if context.most_objects is not None:
            wanted = min(wanted, context.most_objects - count)
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
        o = self.options
        picked = pick_donor(rng, context, o.max_tries, allow_cut=o.allow_cut_objects)
        if picked is None:
            return None
        donor = context.sources[picked[0]]
        box = object_box(donor, picked[1])
        piece = self._piece(rng, picked, box)
        shape = piece_of(piece, donor)
        occupied = find_objects(mask)[0]
        areas = np.bincount(occupied.ravel())
        for _ in range(o.max_tries):
            top, left = self._corner(rng, mask.hw, donor.hw, box, shape.hw)
            if self._fits(mask, occupied, areas, shape, top, left):
                return piece | {"top": top, "left": left}
        return None

    def _piece(self, rng: np.random.Generator, picked: tuple[str, int], box: Box) -> dict[str, Any]:
        """Draw the size of an object, how it is turned, and whether it lies over others."""
        o = self.options
        growth = log1p(o.max_scale_change)
        scale = exp(rng.uniform(-growth, growth))
        height, width = (max(1, round(side * scale)) for side in box[2:])
        coins = [bool(coin) and o.flip_objects for coin in rng.random(3) < 0.5]
        flips = dict(zip(("transpose", "horizontal", "vertical"), coins, strict=True))
        over = o.order == "over" or (o.order == "either" and rng.random() < 0.5)
        piece = {"donor": picked[0], "object": picked[1], "height": height, "width": width}
        return piece | {"flip": flips, "over": bool(over)}

    def _corner(
        self,
        rng: np.random.Generator,
        hw: tuple[int, int],
        donor_hw: tuple[int, int],
        box: Box,
        size: tuple[int, int],
    ) -> tuple[int, int]:
        """Draw the top left corner of an object of a size; it may not fit there."""
        o = self.options
        corner = []
        for side, donor_side, start, length, spare in zip(
            hw, donor_hw, box[:2], box[2:], (hw[0] - size[0], hw[1] - size[1]), strict=True
        ):
            if o.placement == "anywhere" or spare < 0:
                corner.append(int(rng.integers(0, max(spare, 0) + 1)))
                continue
            seen = (start + length / 2) / donor_side * side - (side - spare) / 2
            off = rng.uniform(-1, 1) * o.max_placement_shift_fraction * side
            corner.append(int(np.clip(round(seen + off), 0, spare)))
        return corner[0], corner[1]

    def _fits(
        self,
        mask: Mask,
        occupied: NDArray[np.int32],
        areas: NDArray[np.int64],
        piece: Mask,
        top: int,
        left: int,
    ) -> bool:
        """Return whether the piece may lie there."""
        height, width = piece.hw
        if height > mask.hw[0] or width > mask.hw[1] or too_many(mask, piece):
            return False
        on_top = piece.labels > 0
        under = occupied[top : top + height, left : left + width][on_top]
        if not len(under):
            return False
        if mask.instances is None and touches(occupied, on_top, top, left):
            return False
        covered = np.bincount(under, minlength=len(areas))
        covered[0] = 0
        most = max(covered.sum() / len(under), (covered / np.maximum(areas, 1)).max())
        return bool(most <= self.options.max_overlap_fraction)


def lay(mask: Mask, each: Mapping[str, Any], sources: Mapping[str, Mask]) -> Mask:
    """Return the mask with one object of a copy-paste step on top."""
    donor = source_of(each["donor"], sources)
    piece = piece_of(each, donor)
    if not each.get("over", True):
        height, width = piece.hw
        free = mask.labels[each["top"] :, each["left"] :][:height, :width] == 0
        piece = only(piece, largest_piece((piece.labels > 0) & free))
    return paste(mask, piece, each["top"], each["left"])


def piece_of(each: Mapping[str, Any], donor: Mask) -> Mask:
    """Return the donor's object alone, resized and turned as the step says."""
    flips = each.get("flip", {"transpose": False, "horizontal": False, "vertical": False})
    height, width = each["height"], each["width"]
    piece = cut_out(donor, each["object"], height, width)
    instances = None if piece.instances is None else flipped(piece.instances, flips)
    return Mask(flipped(piece.labels, flips), instances)


def donors_of(pastes: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the donor ids, each once, in order of use."""
    return tuple(dict.fromkeys(each["donor"] for each in pastes))


def touches(occupied: NDArray[np.int32], on_top: NDArray[np.bool_], top: int, left: int) -> bool:
    """Return whether an object laid at (top, left) would touch another, corners included."""
    height, width = on_top.shape
    reach = cv2.dilate(np.pad(on_top, 1).view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
    up, back = min(top, 1), min(left, 1)
    window = occupied[top - up : top + height + 1, left - back : left + width + 1]
    reach = reach[1 - up :, 1 - back :][: window.shape[0], : window.shape[1]]
    return bool((window[reach] > 0).any())


def too_many(mask: Mask, piece: Mask) -> bool:
    """Return whether both together have more instances than ids can count."""
    if mask.instances is None or piece.instances is None:
        return False
    return int(mask.instances.max(initial=0)) + int(piece.instances.max()) > MOST_INSTANCES
