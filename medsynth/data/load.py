"""An item of the index as a sample in memory, its files' hashes verified."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import InputError
from medsynth.core.types import Geometry, Mask, Sample
from medsynth.data.coding import MaskCoding, decode_labels
from medsynth.data.geometry import apply_to_image, apply_to_labels, plan_geometry
from medsynth.data.hashes import combined_hash
from medsynth.data.instances import connected_instances, settle_instances
from medsynth.data.intensities import to_channels, to_uint8
from medsynth.data.mask_values import mask_values
from medsynth.data.raster import UnreadableError
from medsynth.data.reading import decode
from medsynth.data.records import DataIndex, Item
from medsynth.data.source import source
from medsynth.io.hashing import hash_bytes


def load_sample(index: DataIndex, item: Item) -> Sample:
    """Return the pair at the model's geometry.

    image: (h, w, C) uint8 with C = `index.channels`; labels by nearest neighbour only.

    Raises:
        InputError: a file is gone, or changed since the index was made.
    """
    image, mask = _read(index, item)
    plan = plan_geometry(item.source_hw, index.size_hw, index.fit)
    return _sample(item, apply_to_image(image, plan), fitted_mask(mask, plan), plan)


def load_mask(index: DataIndex, item: Item) -> Mask:
    """Return the mask alone at the model's geometry; otherwise as `load_sample`."""
    mask = _read_mask(index, item)
    return fitted_mask(mask, plan_geometry(item.source_hw, index.size_hw, index.fit))


def fitted_mask(mask: Mask, plan: Geometry) -> Mask:
    """Return a mask in another geometry, by nearest neighbour; instances without gaps again."""
    labels = apply_to_labels(mask.labels, plan)
    if mask.instances is None:
        return Mask(labels)
    return Mask(labels, settle_instances(labels, apply_to_labels(mask.instances, plan)))


def load_original(index: DataIndex, item: Item) -> Sample:
    """Return the pair at the size of its files; otherwise as `load_sample`."""
    image, mask = _read(index, item)
    return _sample(item, image, mask, plan_geometry(item.source_hw, item.source_hw, "stretch"))


def _sample(item: Item, image: NDArray[np.uint8], mask: Mask, plan: Geometry) -> Sample:
    return Sample(item.id, image, mask, item.split, "real", item.group, plan)


def _read(index: DataIndex, item: Item) -> tuple[NDArray[np.uint8], Mask]:
    if not item.image:
        raise InputError(
            f"'{item.id}' is a mask without an image: its run was given away without the data.",
            "What needs real images takes the run that was fitted on them, or a fit on your own.",
        )
    data = _bytes(index, item.image)
    if hash_bytes(data) != item.image_sha256:
        raise _changed(item.image)
    mask = _read_mask(index, item)
    try:
        pixels, _ = to_uint8(decode(data).pixels, index.window)
    except UnreadableError as error:
        raise InputError(f"a file of '{item.id}' cannot be read: {error}.") from error
    return to_channels(pixels, index.channels), mask


def _read_mask(index: DataIndex, item: Item) -> Mask:
    masks = [_bytes(index, path) for path in item.masks]
    ids = _bytes(index, item.instances) if item.instances else None
    if combined_hash(masks, ids) != item.mask_sha256:
        raise _changed(", ".join(item.masks[:3]))
    try:
        return decode_mask(masks, ids, index.coding, index.has_instances)
    except UnreadableError as error:
        raise InputError(f"a file of '{item.id}' cannot be read: {error}.") from error
    except InputError as error:
        raise InputError(f"{item.instances or item.masks[0]}: {error.what}", error.tip) from error


def decode_mask(
    masks: list[bytes], ids: bytes | None, coding: MaskCoding, has_instances: bool
) -> Mask:
    """Return the mask at source size from the bytes of its files.

    Of overlapping instance files the later wins.

    Raises:
        UnreadableError: a file cannot be decoded.
    """
    labels: NDArray[np.uint8] | None = None
    raw: NDArray[np.int64] | None = None
    for number, data in enumerate(masks, start=1):
        values, colour = mask_values(decode(data, palette="indices").pixels)
        part, _ = decode_labels(values, colour, coding)
        own = values.astype(np.int64) if coding.meaning == "instances" else part * np.int64(number)
        if labels is None or raw is None:
            labels, raw = part, own
        else:
            labels, raw = np.where(part > 0, part, labels), np.where(part > 0, own, raw)
    assert labels is not None
    assert raw is not None
    if not has_instances:
        return Mask(labels)
    if ids is not None:
        raw = mask_values(decode(ids, palette="indices").pixels)[0].astype(np.int64)
    elif not coding.carries_instances:
        raw = connected_instances(labels)
    return Mask(labels, settle_instances(labels, raw))


def _bytes(index: DataIndex, name: str) -> bytes:
    try:
        return source(index.root, index.reader)(name)
    except (OSError, UnreadableError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(
            f"{index.root / name} cannot be read: {why}.",
            "It was there at the fit: put it back, or fit again.",
        ) from error


def _changed(name: str) -> InputError:
    return InputError(
        f"{name} has changed since the fit.",
        "Put the old file back, or fit again on the data as it is now.",
    )
