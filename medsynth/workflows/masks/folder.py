"""The folder that perturb writes.

::

    masks/<key>.png       uint8 class ids
    instances/<key>.png   uint16 instance ids, only where there are any
    manifest.jsonl        one line a mask: its entry of the plan, and the files' hashes
    contact_sheet.png     sources beside results
    classes.json          names of the class ids
    perturb.json          data, seed and mask policy, to go on from

The manifest's lines are written last: a mask is there when its line is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from medsynth import __version__
from medsynth.core.errors import InputError, UsageError
from medsynth.core.types import Mask
from medsynth.core.words import counted
from medsynth.data.records import DataIndex
from medsynth.io.atomic import remove_leftovers, write_bytes, write_json
from medsynth.io.hashing import hash_bytes
from medsynth.io.images import encode_png, read_png
from medsynth.io.json_text import parse_json
from medsynth.io.runs import Run
from medsynth.masks.plan_entry import PlanEntry
from medsynth.store.journal import Journal
from medsynth.workflows.recipe import Recipe

ABOUT = "perturb.json"
MASKS, INSTANCES = "masks", "instances"
LOCKS = {".lock", ".lock-holder"}


class MaskFolder:
    """A folder of planned masks, new or to be extended.

    Raises:
        InputError: its manifest is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._journal = Journal(path / "manifest.jsonl")

    def lock(self) -> AbstractContextManager[None]:
        """Hold the folder for writing; see `Run.lock`."""
        return Run(self.path).lock("perturb")

    def refuse_strangers(self) -> None:
        """Refuse a folder that holds something else.

        Raises:
            UsageError: `path` is a file, or a folder with files that perturb did not write.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path} is a file.", "Give another folder with --out.")
        there = {p.name for p in self.path.iterdir()} - LOCKS if self.path.is_dir() else set()
        if there and ABOUT not in there:
            raise UsageError(
                f"{self.path} is not empty and was not written by medsynth perturb.",
                "Give another folder with --out.",
            )

    def refuse_other(self, index: DataIndex, recipe: Recipe, seed: int, n: int) -> None:
        """Refuse to extend what other data, options or another seed began.

        Raises:
            UsageError: it was begun otherwise, or holds more than n already.
        """
        if not (self.path / ABOUT).is_file():
            return
        try:
            was = parse_json((self.path / ABOUT).read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(
                f"{self.path / ABOUT} is damaged: {error}.", "Give another folder with --out."
            ) from error
        now = about(index, recipe, seed)
        other = [name for name in ("index", "seed", "masks") if was.get(name) != now[name]]
        if other:
            words = {"index": "other data", "seed": "another seed", "masks": "another mask policy"}
            raise UsageError(
                f"{self.path} was begun with {' and '.join(words[name] for name in other)}.",
                "Give the same to extend it, or another folder with --out.",
            )
        if len(self._journal) > n:
            raise UsageError(
                f"{self.path} holds {counted(len(self._journal), 'mask')} already, more than "
                f"--n {n}.",
                "--n counts all masks of the folder.",
            )

    def entries(self) -> Iterator[PlanEntry]:
        """Yield the plan so far."""
        return map(PlanEntry.from_json, self._journal)

    def spread(self, count: int, most: int = 24) -> Iterator[PlanEntry]:
        """Yield up to `most` entries, spread evenly over the first `count`."""
        shown = min(most, count)
        return (PlanEntry.from_json(self._journal[k * count // shown]) for k in range(shown))

    def read(self, entry: PlanEntry) -> Mask:
        """Return an entry's mask from its files."""
        labels = read_png(self.path / MASKS / f"{entry.key}.png")
        ids = self.path / INSTANCES / f"{entry.key}.png"
        return Mask(labels, read_png(ids) if ids.is_file() else None)

    def add(
        self,
        masks: Sequence[tuple[PlanEntry, Mask]],
        index: DataIndex,
        recipe: Recipe,
        seed: int,
    ) -> None:
        """Write masks: files first, then the manifest's lines, all in one go."""
        if not len(self._journal):
            write_json(self.path / ABOUT, about(index, recipe, seed))
            names = {str(each.id): each.name for each in index.classes}
            write_json(self.path / "classes.json", names)
        for kind in (MASKS, INSTANCES):
            remove_leftovers(self.path / kind)
        groups = {item.id: item.group for item in index.split("train")}
        self._journal.append([self._written(entry, mask, groups) for entry, mask in masks])

    def _written(self, entry: PlanEntry, mask: Mask, groups: dict[str, str]) -> dict[str, Any]:
        files = {MASKS: self._write(MASKS, entry.key, mask.labels)}
        if mask.instances is not None:
            files[INSTANCES] = self._write(INSTANCES, entry.key, mask.instances)
        group = "+".join(dict.fromkeys(groups[each] for each in entry.source_ids()))
        return {**entry.to_json(), "group": group, "files": files}

    def _write(self, kind: str, key: str, array: Any) -> str:
        data = encode_png(array)
        write_bytes(self.path / kind / f"{key}.png", data)
        return hash_bytes(data)


def about(index: DataIndex, recipe: Recipe, seed: int) -> dict[str, Any]:
    """Return what a folder of masks depends on."""
    return {
        "medsynth": __version__,
        "data": str(index.root),
        "index": index.hash,
        "seed": seed,
        "masks": recipe.masks.model_dump(mode="json"),
    }
