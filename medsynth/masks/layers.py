"""Nested classes as layers: the cells without their nuclei's holes, then the nuclei.

An operator that moves boundaries moves those of each layer alike, so that nested classes
change together; joining the layers clips what is inner to what is outer. Instance ids in
layers are those of the mask, with gaps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.copying import copied, only
from medsynth.masks.instances import renumber
from medsynth.masks.nearest import spread
from medsynth.masks.nesting import Nested, ancestors
from medsynth.masks.objects import find_objects


def change_layers(mask: Mask, nested: Nested, change: Callable[[Mask], Mask]) -> Mask:
    """Return the mask with each of its layers changed, renumbered."""
    joined = join_layers([change(layer) for layer in split_layers(mask, nested)], nested)
    return Mask(joined.labels, None if joined.instances is None else renumber(joined.instances))


def split_layers(mask: Mask, nested: Nested) -> list[Mask]:
    """Return the layers, outermost first; what lies deeper than a layer is filled in it.

    A nested class in an object without its parent (a bare nucleus) is in the first layer.
    """
    inner = [child for child in nested if (mask.labels == child).any()]
    if not inner:
        return [mask]
    depth = depths(mask, {child: nested[child] for child in inner})
    layers = []
    for level in range(int(depth.max()) + 1):
        layer = only(mask, depth == level)
        for child in inner:
            for deeper in range(level + 1, int(depth.max()) + 1):
                hole = (mask.labels == child) & (depth == deeper)
                if hole.any():
                    around = ancestors(child, nested)[deeper - level - 1]
                    layer = filled_in(layer, hole, around)
        layers.append(layer)
    return layers


def depths(mask: Mask, nested: Nested) -> NDArray[np.int64]:
    """Return (H, W) int64: in how many classes that its own object has each pixel lies."""
    objects, count = find_objects(mask)
    classes = {*nested, *nested.values()}
    has = {c: np.bincount(objects[mask.labels == c], minlength=count + 1) > 0 for c in classes}
    depth = np.zeros(mask.hw, np.int64)
    for child in nested:
        here = mask.labels == child
        of = objects[here]
        inside = np.ones(len(of), bool)
        for parent in ancestors(child, nested):
            inside &= has[parent][of]
            depth[here] += inside
    return depth


def filled_in(layer: Mask, hole: NDArray[np.bool_], around: int) -> Mask:
    """Return the layer with a hole filled by the nearest pixels of the class around it."""
    wall = layer.labels == around
    full = spread(only(layer, wall), hole | wall)
    labels = np.where(hole, full.labels, layer.labels)
    if layer.instances is None or full.instances is None:
        return Mask(labels)
    return Mask(labels, np.where(hole, full.instances, layer.instances))


def join_layers(layers: Sequence[Mask], nested: Nested) -> Mask:
    """Return the layers laid on one another; a class stands only where its parent stood."""
    if len(layers) == 1:
        return layers[0]
    parent = np.zeros(256, np.uint8)
    parent[list(nested)] = list(nested.values())
    result = copied(layers[0])
    for layer in layers[1:]:
        on = (layer.labels > 0) & (parent[layer.labels] == result.labels)
        result.labels[on] = layer.labels[on]
        if result.instances is not None and layer.instances is not None:
            result.instances[on] = layer.instances[on]
    return result
