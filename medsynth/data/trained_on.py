"""trained_on.jsonl: every pair that a run's weights have learned from, ancestors' included.

A run that begins with another's weights (`--init-from`) has seen what that one was fitted on,
wherever a new split puts it. So each run writes down its own training pairs, and takes over
what the run that it began with had written down.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from medsynth.core.errors import InputError
from medsynth.data.records import DataIndex
from medsynth.io.atomic import write_bytes
from medsynth.io.json_text import parse_json
from medsynth.io.sealed_lines import sealed, unsealed

NAME = "trained_on.jsonl"


@dataclass(frozen=True, slots=True)
class Trained:
    """A pair that weights have learned from.

    run: name of the run that was fitted on it.
    id, group: what it is called there.
    image_sha256: of its image file, which is the same under any name.
    """

    run: str
    id: str
    group: str
    image_sha256: str


def own_pairs(run: Path, index: DataIndex) -> tuple[Trained, ...]:
    """Return the training pairs of an index as those of a run."""
    name = run.resolve().name
    pairs = (item for item in index.split("train") if item.image)
    return tuple(Trained(name, i.id, i.group, i.image_sha256) for i in pairs)


def inherited_pairs(source: Path) -> tuple[Trained, ...]:
    """Return what the weights of a run have learned from, for one that begins with them.

    A run of an older version has no such file; then its index has to do.

    Raises:
        InputError: its files are damaged.
    """
    known = read_trained_on(source)
    return own_pairs(source, DataIndex.load(source)) if known is None else known


def write_trained_on(folder: Path, pairs: Iterable[Trained]) -> None:
    """Write the pairs, each once, atomically."""
    texts = [json.dumps(dataclasses.asdict(pair), ensure_ascii=False) for pair in pairs]
    write_bytes(folder / NAME, b"".join(sealed(text.encode()) for text in dict.fromkeys(texts)))


def read_trained_on(folder: Path) -> tuple[Trained, ...] | None:
    """Return the pairs; None where the run has no such file.

    Raises:
        InputError: it is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        lines = path.read_bytes().splitlines()
        return tuple(Trained(**parse_json(unsealed(line))) for line in lines)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path} is damaged: {error}.", "Restore it from a copy.") from error
