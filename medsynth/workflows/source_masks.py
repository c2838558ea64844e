"""The masks that a plan starts from, read from the data when they are first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from medsynth.core.types import Mask, Split
from medsynth.data.load import load_mask
from medsynth.data.records import DataIndex
from medsynth.masks.nesting import resolve_nesting
from medsynth.masks.options import MaskOptions


def resolved_masks(options: MaskOptions, index: DataIndex) -> MaskOptions:
    """Return the options with nested classes by id, where the recipe names them."""
    nested = resolve_nesting(options.nested, index.classes)
    return options.model_copy(update={"nested": nested})


class SourceMasks(Mapping[str, Mask]):
    """The masks of one split at the model's geometry, by id; of train unless said otherwise."""

    def __init__(self, index: DataIndex, split: Split = "train") -> None:
        self._index = index
        self._items = {item.id: item for item in index.split(split)}
        self._read: dict[str, Mask] = {}

    def __getitem__(self, key: str) -> Mask:
        if key not in self._read:
            self._read[key] = load_mask(self._index, self._items[key])
        return self._read[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
