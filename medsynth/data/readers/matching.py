"""Images and masks matched by name: equal stems first, then stems with a known suffix."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from medsynth.data.readers import Found, Pair

MASK_SUFFIX = re.compile(
    r"[_\-. ](segmentation|segmentations|segm?|masks?|gt|groundtruth|ground_truth|"
    r"labels?|labelled|annotations?|anno|manual|instances?)([_\-. ]?\d+)?$",
    re.IGNORECASE,
)
IMAGE_SUFFIX = re.compile(r"[_\-. ](images?|img|original|orig|0000)$", re.IGNORECASE)
SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A file and the key it is known by (its path without suffix, as the layout counts it)."""

    key: str
    path: str


def named(paths: Iterable[PurePosixPath], folder: PurePosixPath, prefix: str = "") -> list[Named]:
    """Return files with their keys relative to `folder`, after `prefix`."""
    return [
        Named(prefix + path.relative_to(folder).with_suffix("").as_posix(), path.as_posix())
        for path in paths
    ]


def match(
    images: Iterable[Named], masks: Iterable[Named], instances: Iterable[Named] = ()
) -> Found:
    """Pair images with masks of the same key, else of the same key less a known suffix.

    An image or a mask whose key two files claim is not paired but told as a duplicate.
    Masks numbered after one suffix (x_mask.png, x_mask_1.png) hold one object each.
    """
    image_of, twice_i = _unique(images)
    mask_of, twice_m = _unique(masks)
    instance_of, twice_n = _unique(instances)
    masks_for = _partners(image_of, mask_of)
    instances_for = _partners(image_of, instance_of)
    claimed = {*twice_i, *twice_m}
    pairs = tuple(
        Pair(
            key,
            image_of[key],
            tuple(mask_of[name] for name in masks_for[key]),
            instance_of[instances_for[key][0]] if key in instances_for else None,
            split_of(key),
        )
        for key in sorted(masks_for)
    )
    used = {name for names in masks_for.values() for name in names} | claimed
    twice = [*twice_i.values(), *twice_m.values(), *twice_n.values()]
    return Found(
        pairs,
        tuple(image_of[key] for key in sorted(set(image_of) - set(masks_for) - claimed)),
        tuple(mask_of[key] for key in sorted(set(mask_of) - used)),
        tuple(" and ".join(paths) for paths in twice),
        file_is_instance=any(len(pair.masks) > 1 for pair in pairs),
    )


def bare(key: str, suffix: re.Pattern[str]) -> str:
    """Return `key` without a known suffix, lower case, for comparing.

    >>> bare("ISIC_01_Segmentation", MASK_SUFFIX)
    'isic_01'
    """
    return suffix.sub("", key).lower()


def split_of(key: str) -> dict[str, str]:
    """Return {"split": ...} where the first folder of the key is called after one."""
    first = key.split("/", maxsplit=1)[0].lower() if "/" in key else ""
    return {"split": SPLIT_FOLDERS[first]} if first in SPLIT_FOLDERS else {}


def _unique(files: Iterable[Named]) -> tuple[dict[str, str], dict[str, list[str]]]:
    claims: dict[str, list[str]] = defaultdict(list)
    for file in files:
        claims[file.key].append(file.path)
    single = {key: paths[0] for key, paths in claims.items() if len(paths) == 1}
    return single, {key: sorted(paths) for key, paths in claims.items() if len(paths) > 1}


def _partners(
    image_of: Mapping[str, str], mask_of: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Return image key -> mask keys; a looser likeness counts only where nothing else claims it."""
    found: dict[str, tuple[str, ...]] = {key: (key,) for key in image_of if key in mask_of}
    loose: dict[str, list[str]] = defaultdict(list)
    for key in mask_of:
        if key not in found:
            loose[bare(key, MASK_SUFFIX)].append(key)
    wanted: dict[str, list[str]] = defaultdict(list)
    for key in image_of:
        if key not in found:
            name = key.lower() if key.lower() in loose else bare(key, IMAGE_SUFFIX)
            wanted[name].append(key)
    for name, keys in wanted.items():
        masks = sorted(loose.get(name, ()), key=lambda key: (len(key), key))
        if len(keys) == 1 and len({_suffix(key) for key in masks}) == 1:
            found[keys[0]] = tuple(masks)
    return found


def _suffix(key: str) -> str:
    """Return the known suffix at the end of a mask's key, without its number."""
    hit = MASK_SUFFIX.search(key)
    return hit.group(1).lower() if hit else ""
