"""What the shards of one set have in common, kept in each: shard.json."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from medsynth.core.errors import InputError
from medsynth.io.atomic import write_json
from medsynth.io.json_text import parse_json
from medsynth.io.runs import Run
from medsynth.store.samples import SampleStore
from medsynth.workflows.shards.name import ShardName

FILE = "shard.json"


@dataclass(frozen=True, slots=True)
class ShardFacts:
    """What a set of shards was made for and from.

    medsynth: the version that made it.
    n: accepted samples that all shards and the run shall have together.
    blocks: how many blocks cover n masks and the reserve; batch: masks a block.
    weights: hash of the fitted weights, as lineages have it; average: of the file they are in,
        checkpoints/<checkpoint>/average.safetensors.
    options: hash of mask, sampling and gate options; data: of the data index.
    asked: "--seed" and "--set" as they were given, to make a shard again.
    """

    medsynth: str
    n: int
    blocks: int
    batch: int
    seed: int
    checkpoint: str
    average: str
    weights: str
    options: str
    data: str
    asked: tuple[str, ...] = ()

    def open_blocks(self, shard: ShardName, *stores: SampleStore) -> list[int]:
        """Return the numbers of a shard's blocks that the stores have not settled."""

        def is_settled(index: int) -> bool:
            return any(store.settled(index) for store in stores)

        return [
            number
            for number in shard.blocks(self.blocks)
            if not all(is_settled(k) for k in range(number * self.batch, (number + 1) * self.batch))
        ]

    def again(self, shard: ShardName, run: Run) -> str:
        """Return the command that makes a shard, or goes on with it."""
        words = (f"medsynth augment --n {self.n} --shard {shard} --run {run.path}", *self.asked)
        return " ".join(words)


def write_facts(folder: Path, shard: ShardName, facts: ShardFacts) -> None:
    """Write shard.json, which makes a folder a shard."""
    write_json(folder / FILE, {"shard": str(shard), **asdict(facts)})


def read_facts(folder: Path) -> tuple[ShardName, ShardFacts]:
    """Return which shard a folder is, and its facts.

    Raises:
        InputError: it is no shard, or its file is damaged.
    """
    path = folder / FILE
    try:
        found = parse_json(path.read_text(encoding="utf-8"))
        name = ShardName.parse(str(found.pop("shard")))
        facts = ShardFacts(**{**found, "asked": tuple(found["asked"])})
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"{folder} is no shard: it has no {FILE}.", "Shards lie in RUN/shards, as 0-of-4."
        ) from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{path} cannot be read: {error!r}.",
            "Restore it from a copy, or delete the shard's folder and make it again.",
        ) from error
    return name, facts


WORDS: dict[str, Callable[[ShardFacts], object]] = {
    "medsynth's version": lambda facts: facts.medsynth,
    "seed": lambda facts: facts.seed,
    "weights": lambda facts: facts.weights[:8],
    "--set options": lambda facts: facts.options[:8],
    "data": lambda facts: facts.data[:8],
}
"""What two shards of one set must agree on, and how to call it; besides n and what follows."""


def difference(one: ShardFacts, other: ShardFacts) -> str | None:
    """Return what makes shards belong to different sets, in words; None where nothing does."""
    for what, value in WORDS.items():
        if value(one) != value(other):
            return f"{what} ({value(one)}, {value(other)})"
    return None
