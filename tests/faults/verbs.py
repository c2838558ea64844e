"""The verbs that write, on a run of seconds: what is typed to begin each and to go on with it."""

from __future__ import annotations

from pathlib import Path

from .forked import Forked
from .lives import Verb, uninterrupted

PROVE = (
    "prove.ratios=[0.3]",
    "prove.copy_paste=false",
    "prove.seeds=1",
    "prove.stops=2",
    "prove.segmenter.steps=4",
    "prove.segmenter.width=4",
    "prove.segmenter.batch=4",
)


def fit(folder: Path) -> tuple[object, ...]:
    """Begin anew where there is no run yet."""
    if (folder / "run" / "recipe.yaml").exists():
        return "fit", "--resume", "--run", "run"
    return "fit", folder.parent / "data", "--recipe", folder.parent / "tiny.yaml", "--run", "run"


def augment(_: Path) -> tuple[object, ...]:
    """Make ten samples."""
    return "augment", "--n", 10, "--run", "run"


def export(_: Path) -> tuple[object, ...]:
    """Write the run as COCO."""
    return "export", "--format", "coco", "--run", "run"


def prove(_: Path) -> tuple[object, ...]:
    """Compare three segmenters."""
    return "prove", "--run", "run", *(word for each in PROVE for word in ("--set", each))


def all_verbs(forked: Forked, root: Path) -> dict[str, Verb]:
    """Run each verb once, one after the other; `root` has data/ and tiny.yaml.

    export and prove both begin where augment ends.
    """
    empty = root / "empty"
    empty.mkdir()
    verbs: dict[str, Verb] = {}
    for name, command, before in (
        ("fit", fit, empty),
        ("augment", augment, root / "fit"),
        ("export", export, root / "augment"),
        ("prove", prove, root / "augment"),
    ):
        verbs[name] = uninterrupted(forked, name, command, before, root / name)
    return verbs
