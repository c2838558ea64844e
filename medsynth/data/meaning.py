"""Which values of a set of masks are classes, which are damage, which are object ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from medsynth.data.coding import MaskCoding
from medsynth.data.mask_facts import FEW_VALUES, MaskFacts
from medsynth.data.mask_values import GREY
from medsynth.data.options import MaskMeaning

MOST_EXACT = 24
"""Lossless masks with no more values than this mean each of them."""
SMALL_IDS = 24
"""Values up to this are class ids, never grey levels of a smoothed edge."""
LEAST_SHARE = 0.01
"""A class of damaged masks has at least this share of the labelled area."""
LEAST_CORE = 0.05
"""A class, other than a smoothed edge, has at least this share of pixels within its areas."""
LEAST_ALIKE = 0.8
"""In a set of instance maps at least this share of masks has ids 1..n in one place each."""
MOST_GREYS = 256
"""More values than this are neither classes nor grey levels but ids."""
MOST_CLASSES = 255


@dataclass(frozen=True, slots=True)
class Values:
    """The values of all masks together, on one scale.

    pixels, core: value -> pixels; see `MaskFacts`.
    both: whether one mask holds both 1 and 255.
    """

    pixels: Counter[int]
    core: Counter[int]
    colour: bool
    lossy: bool
    distinct: int
    both: bool


def gather(masks: Collection[MaskFacts]) -> Values:
    """Add up the values of all masks; grey ones count as colours if any mask has colours."""
    colour = any(mask.colour for mask in masks)
    pixels: Counter[int] = Counter()
    core: Counter[int] = Counter()
    for mask in masks:
        scale = GREY if colour and not mask.colour else 1
        pixels.update({value * scale: n for value, n in mask.counts.items()})
        core.update({value * scale: n for value, n in mask.core.items()})
    return Values(
        pixels,
        core,
        colour,
        any(mask.lossy for mask in masks),
        max([len(pixels), *(mask.distinct for mask in masks)]),
        any(1 in mask.counts and 255 in mask.counts for mask in masks),
    )


def decide_coding(
    masks: Collection[MaskFacts],
    meaning: MaskMeaning,
    named: Iterable[int],
    file_is_instance: bool = False,
) -> MaskCoding:
    """Return what the values mean.

    Args:
        masks: facts of all usable masks.
        meaning: as told; auto decides between binary, labels and instances.
        named: values that have a class name; named values are classes, not object ids.
        file_is_instance: each mask file holds one object, so its values are binary.
    """
    values = gather(masks)
    named = set(named)
    if meaning == "instances" and not file_is_instance:
        return MaskCoding("instances", values.colour, ())
    if meaning == "auto" and not named and not file_is_instance and _are_ids(masks, values):
        return MaskCoding("instances", values.colour, ())
    classes = _class_values(values, named, exact=meaning == "labels")
    background = _background(classes, values, named)
    rest = sorted(classes - {background})
    one_class = meaning == "binary" or file_is_instance
    if one_class or len(rest) <= 1 or (meaning == "auto" and _both_scales(rest, values, named)):
        entries = {background: 0, **dict.fromkeys(rest, 1)}
        return MaskCoding("binary", values.colour, tuple(sorted(entries.items())), file_is_instance)
    entries = {background: 0, **{value: k for k, value in enumerate(rest[:MOST_CLASSES], start=1)}}
    return MaskCoding("labels", values.colour, tuple(sorted(entries.items())))


def _are_ids(masks: Collection[MaskFacts], values: Values) -> bool:
    if values.colour or values.lossy:
        return False
    labelled = [mask for mask in masks if any(value != 0 for value in mask.counts)]
    alike = sum(mask.looks_like_ids for mask in labelled)
    many = max(values.pixels, default=0) > FEW_VALUES
    return (many and alike >= LEAST_ALIKE * len(labelled)) or len(values.pixels) > MOST_GREYS


def _both_scales(rest: list[int], values: Values, named: Collection[int]) -> bool:
    """Return whether some masks are 0/1 and others 0/255, none both."""
    return rest == [1, 255] and not values.both and not named


def _class_values(values: Values, named: set[int], exact: bool) -> set[int]:
    """Return the values that stand for a class; the others are damage."""
    present = set(values.pixels)
    lossless = not values.lossy and values.distinct <= (MOST_CLASSES if exact else MOST_EXACT)
    known = present & named
    if len(known - {0}) > 0 and not lossless:
        return known | {0}
    if not lossless:
        return _dominant(values)
    top = max(present, default=0)
    if exact or top <= SMALL_IDS or len(present - {0}) <= 1 or values.colour:
        return present
    solid = {v for v in present if values.core[v] >= LEAST_CORE * values.pixels[v]}
    return solid | known | (present & {0, top})


def _dominant(values: Values) -> set[int]:
    """Return the peaks: the most frequent value of each cluster that holds a share of the area.

    Clusters are as wide as JPEG spreads a value, and taken heaviest first.
    """
    left = dict(values.core if any(v for v in values.core if v != 0) else values.pixels)
    near = 60.0 if values.colour else 0.1 * max(*left, 1)
    peaks: list[int] = []
    least = 0.0
    while left:
        mass = {v: sum(n for u, n in left.items() if _far(u, v, values.colour) <= near)
                for v in heaviest(left)}  # fmt: skip
        centre = max(mass, key=lambda v: (mass[v], left[v]))
        cluster = {u for u in left if _far(u, centre, values.colour) <= near}
        if mass[centre] < least:
            break
        peak = max(cluster, key=lambda u: left[u])
        if all(_far(peak, other, values.colour) > near for other in peaks):
            peaks.append(peak)
        left = {u: n for u, n in left.items() if u not in cluster}
        least = least or LEAST_SHARE * sum(left.values())
    return set(peaks)


def heaviest(counts: Mapping[int, int], most: int = 32) -> list[int]:
    """Return the `most` most frequent values."""
    return sorted(counts, key=lambda value: (-counts[value], value))[:most]


def _far(a: int, b: int, colour: bool) -> float:
    if not colour:
        return abs(a - b)
    parts = [(a >> shift & 255) - (b >> shift & 255) for shift in (16, 8, 0)]
    return float(np.linalg.norm(parts))


def _background(classes: set[int], values: Values, named: Collection[int]) -> int:
    """Return the background's value: 0 where it occurs or is named, else the nearest to it.

    Masks without any zero that hold several classes: the most frequent one.
    """
    if 0 in classes or 0 in named or len(classes) <= 1:
        return 0
    dark = min(classes, key=lambda value: _far(value, 0, values.colour))
    if _far(dark, 0, values.colour) <= 30 and values.lossy:
        return dark
    return max(classes, key=lambda value: (values.pixels[value], -value))


def class_names(coding: MaskCoding, named: Mapping[int, str]) -> tuple[tuple[int, str], ...]:
    """Return (class id, name), background first.

    A name goes to the class of its mask value; in binary masks a single name that is not
    of 0 goes to the foreground, whatever its value.
    """
    background = named.get(0, "background")
    if coding.meaning != "labels":
        own = {value: name for value, name in sorted(named.items()) if value != 0}
        present = [value for value, class_id in coding.entries if class_id == 1]
        if len(own) > 1:
            own = {value: name for value, name in own.items() if [value] == present}
        return ((0, background), (1, next(iter(own.values()), "foreground")))
    names = [(0, named.get(next(v for v, c in coding.entries if c == 0), background))]
    for value, class_id in sorted(coding.entries, key=lambda entry: entry[1]):
        if class_id > 0:
            names.append((class_id, named.get(value, f"class-{class_id}")))
    return tuple(names)
