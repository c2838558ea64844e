"""One look at each pair: hashes, sizes, values, and what is wrong with its files.

Files are read one pair at a time in a few threads; only the small `PairFacts` are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from medsynth.data.hashes import combined_hash
from medsynth.data.intensities import is_grey, to_uint8
from medsynth.data.mask_facts import MaskFacts, mask_facts
from medsynth.data.options import DataOptions
from medsynth.data.raster import Raster, UnreadableError
from medsynth.data.readers import Pair
from medsynth.data.reading import decode
from medsynth.data.source import ReadBytes
from medsynth.io.hashing import hash_bytes
from medsynth.io.ordered import ordered_map

THREADS = 4

Progress = Callable[[int, int, str], None]
Look = Callable[[Raster], Any]
"""A further look at each image while it is in memory; what it returns is kept as `extra`."""


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What one look at a pair's files found; `faults` empty means that it is usable.

    faults: (code, sentence) of each thing that makes the pair unusable.
    clipped_px: pixels that the window makes black or white.
    """

    pair: Pair
    image_sha256: str = ""
    mask_sha256: str = ""
    hw: tuple[int, int] = (0, 0)
    grey: bool = True
    depth: str = "uint8"
    clipped_px: int = 0
    image_oddities: tuple[str, ...] = ()
    mask_oddities: tuple[str, ...] = ()
    mask: MaskFacts | None = None
    faults: tuple[tuple[str, str], ...] = ()
    extra: Any = field(default=None, compare=False)


def examine_all(
    read: ReadBytes,
    pairs: Sequence[Pair],
    options: DataOptions,
    look: Look | None = None,
    progress: Progress | None = None,
) -> Iterator[PairFacts]:
    """Yield the facts of each pair, in the order of `pairs`."""
    found = ordered_map(lambda pair: examine(read, pair, options, look), pairs, THREADS)
    for done, facts in enumerate(found, start=1):
        if progress is not None:
            progress(done, len(pairs), "examining")
        yield facts


def examine(
    read: ReadBytes, pair: Pair, options: DataOptions, look: Look | None = None
) -> PairFacts:
    """Read a pair's files once and return what they are."""
    faults: list[tuple[str, str]] = []
    image = _open(read, pair.image, "image", faults)
    masks = [_open(read, path, "mask", faults) for path in pair.masks]
    ids = [_open(read, pair.instances, "mask", faults)] if pair.instances else []
    labelled = zip((*pair.masks, pair.instances), (*masks, *ids), strict=False)
    if image.raster is not None:
        faults += _mismatches(pair.image, image.raster, labelled)
    if faults or image.raster is None:
        return PairFacts(pair, hash_bytes(image.data), faults=tuple(faults))
    pixels, clipped = to_uint8(image.raster.pixels, options.window)
    rasters = [opened.raster for opened in masks if opened.raster is not None]
    return PairFacts(
        pair,
        hash_bytes(image.data),
        combined_hash([m.data for m in masks], ids[0].data if ids else None),
        image.raster.hw,
        is_grey(pixels),
        str(image.raster.pixels.dtype),
        clipped,
        image.raster.oddities,
        tuple(sorted({oddity for raster in rasters for oddity in raster.oddities})),
        mask_facts(rasters, options),
        extra=look(image.raster) if look is not None else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    data: bytes
    raster: Raster | None


def _open(read: ReadBytes, name: str, kind: str, faults: list[tuple[str, str]]) -> _Opened:
    data = b""
    try:
        data = read(name)
        raster = decode(data, "indices" if kind == "mask" else "colours")
    except OSError as error:
        faults.append((f"unreadable-{kind}", f"{name}: {error.strerror or error}"))
    except UnreadableError as error:
        faults.append((f"unreadable-{kind}", f"{name}: {error}"))
    else:
        return _Opened(data, raster)
    return _Opened(data, None)


def _mismatches(
    name: str, image: Raster, labelled: Iterator[tuple[str | None, _Opened]]
) -> list[tuple[str, str]]:
    return [
        (
            "size-mismatch",
            f"{name} is {image.hw[1]}x{image.hw[0]} but {path} is "
            f"{opened.raster.hw[1]}x{opened.raster.hw[0]}",
        )
        for path, opened in labelled
        if opened.raster is not None and opened.raster.hw != image.hw
    ]
