"""Samples of one run are of one kind: the same weights, the same seed, masks planned or given."""

from __future__ import annotations

from medsynth.core.errors import InputError, UsageError
from medsynth.core.words import counted
from medsynth.io.runs import Run
from medsynth.store.samples import SampleStore
from medsynth.workflows.augment.user_work import is_user_made


def refuse_mixture(
    run: Run, store: SampleStore, weights_sha256: str, seed: int, user: bool
) -> None:
    """Refuse to add to samples of other weights, another seed, or the other kind of masks."""
    first = next(store.rows(), None)
    if first is None:
        return
    if first.lineage.checkpoint_sha256 != weights_sha256:
        raise InputError(
            f"the weights of {run.path} are not those that made its first samples.",
            f"Move {run.samples} away to begin a new set, or augment another run.",
        )
    if first.lineage.seed != seed:
        raise InputError(
            f"the samples of {run.path} were made with seed {first.lineage.seed}, not {seed}.",
            f"Leave --seed out, or move {run.samples} and plan.jsonl away.",
        )
    if is_user_made(first.lineage.steps) != user:
        made_from = "planned masks" if user else "a user's masks"
        raise InputError(
            f"the samples of {run.path} were made from {made_from}.",
            f"Use {'no ' if user else ''}--masks as before, or move {run.samples} away to begin "
            "a new set.",
        )


def refuse_fewer(run: Run, store: SampleStore, n: int) -> None:
    """Refuse to make fewer samples than there are."""
    if store.count("accepted") > n:
        raise UsageError(
            f"{run.path} has {counted(len(store), 'sample')} already, more than --n {n}.",
            "--n counts all samples of the run; export fewer with --set export.ratio=R.",
        )
