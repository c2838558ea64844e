"""Opening shards for merging: all of one set, of this run, and of one plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from medsynth.core.errors import InputError
from medsynth.data.records import DataIndex
from medsynth.io.runs import Run
from medsynth.store.samples import SampleStore
from medsynth.training.checkpoints import Checkpoints
from medsynth.workflows.augment.mixture import refuse_mixture
from medsynth.workflows.shards.facts import FILE, ShardFacts, difference, read_facts
from medsynth.workflows.shards.name import ShardName
from medsynth.workflows.shards.shard_set import ShardSet


def shard_folders(run: Run) -> list[Path]:
    """Return the shards in a run's folder, in order of their numbers."""
    found = [path.parent for path in run.shards.glob(f"*-of-*/{FILE}")]
    return sorted(found, key=lambda folder: read_facts(folder)[0])


def open_set(run: Run, folders: Sequence[Path]) -> ShardSet:
    """Return the set that shards make; the caller holds their locks.

    Raises:
        InputError: they are of different sets, or of another run; one is there twice.
    """
    first_name, first = read_facts(folders[0])
    seen: dict[ShardName, Path] = {}
    for folder in folders:
        name, facts = read_facts(folder)
        _refuse_stranger(folders[0], first_name, first, folder, name, facts)
        if name in seen:
            raise InputError(
                f"shard {name} is there twice: {seen[name]} and {folder}.", "Name one of them."
            )
        seen[name] = folder
    whole = SampleStore(run.samples)
    refuse_foreign(run, whole, folders[0], first)
    stores = {name: SampleStore(folder / "samples") for name, folder in seen.items()}
    for name, store in stores.items():
        refuse_mixture(Run(seen[name]), store, first.weights, first.seed, user=False)
    return ShardSet(first, first_name.count, stores)


def _refuse_stranger(
    a: Path, name_a: ShardName, one: ShardFacts, b: Path, name_b: ShardName, other: ShardFacts
) -> None:
    """Refuse two shards that are not of one set."""
    different = difference(one, other)
    if name_a.count != name_b.count:
        different = f"the number of shards ({name_a.count}, {name_b.count})"
    if different is not None:
        raise InputError(
            f"{a} and {b} are of different sets: they differ in {different}.",
            f"Name the shards of one set: medsynth merge {a.parent}/*-of-{name_a.count}; or "
            "delete those that are of no use.",
        )
    if one.n != other.n:
        raise InputError(
            f"{a} was made for --n {one.n}, {b} for --n {other.n}.",
            f"Go on with the shards of the smaller number, with --n {max(one.n, other.n)}.",
        )


def refuse_foreign(run: Run, whole: SampleStore, folder: Path, facts: ShardFacts) -> None:
    """Refuse shards of another run.

    Raises:
        InputError: data, weights or seed are not those of the run.
    """
    index = DataIndex.load(run.path)
    states = {state.name: state for state in Checkpoints(run.checkpoints).states()}
    state = states.get(facts.checkpoint)
    average = None if state is None else state.sha256["average"]
    for what, ours, theirs in (
        ("other data", index.hash, facts.data),
        ("other weights", average, facts.average),
    ):
        if ours != theirs:
            raise InputError(
                f"{folder} is a shard of another run than {run.path}: it was made from {what}.",
                "Name its own run with --run DIR; or delete it and make it again.",
            )
    refuse_mixture(run, whole, facts.weights, facts.seed, user=False)
