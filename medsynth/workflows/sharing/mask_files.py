"""Planned masks as files that the run's own coding reads back."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from medsynth.core.types import Mask
from medsynth.data.coding import MaskCoding
from medsynth.data.hashes import combined_hash
from medsynth.data.load import decode_mask
from medsynth.data.records import Item
from medsynth.io.file_batch import Write
from medsynth.io.images import encode_png

MASKS, INSTANCES = "masks", "instances"


def encode_mask(mask: Mask, coding: MaskCoding) -> tuple[bytes, bytes | None]:
    """Return the PNG of a mask in its data's own values, and that of its instances, if any.

    Args:
        mask: any.
        coding: what values mean; of several values of one class the first is written.
    """
    if coding.meaning == "instances":
        assert mask.instances is not None
        return encode_png(mask.instances), None
    values = {class_id: value for value, class_id in reversed(coding.entries)}
    table = np.array([values.get(k, 0) for k in range(max(values) + 1)], np.int64)
    pixels = table[mask.labels]
    ids = None if mask.instances is None else encode_png(mask.instances)
    if coding.colour:
        channels = np.stack([pixels >> 16 & 255, pixels >> 8 & 255, pixels & 255], -1)
        return encode_png(channels.astype(np.uint8)), ids
    return encode_png(pixels.astype(np.uint8 if table.max() < 256 else np.uint16)), ids


def write_mask(
    folder: Path, name: str, mask: Mask, coding: MaskCoding, attributes: dict[str, str],
    write: Write,
) -> Item:  # fmt: skip
    """Write the files of a mask; return its item of the index, which has no image.

    Its group is its own name: nothing says which masks come from one patient.
    """
    data, ids = encode_mask(mask, coding)
    again = decode_mask([data], ids, coding, mask.instances is not None)
    assert again.same_as(mask), f"{name} is not read back as it was planned"
    files = {f"{MASKS}/{name}.png": data}
    if ids is not None:
        files[f"{INSTANCES}/{name}.png"] = ids
    for path, content in files.items():
        write(folder / path, content)
    instances = None if ids is None else f"{INSTANCES}/{name}.png"
    return Item(
        name, "", (f"{MASKS}/{name}.png",), instances, name, "train", "",
        combined_hash([data], ids), mask.hw, attributes,
    )  # fmt: skip
