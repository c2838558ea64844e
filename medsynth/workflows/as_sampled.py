"""The settings that a run's samples were made with, which `augment --set` may have changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from medsynth.core.errors import InputError
from medsynth.core.types import WhichWeights
from medsynth.io.runs import Run
from medsynth.sampling.options import SamplingOptions
from medsynth.training.checkpoints import Checkpoints


def as_sampled(run: Run, usual: SamplingOptions, sampler: Mapping[str, Any]) -> SamplingOptions:
    """Return the sampler's settings as a manifest tells them.

    Args:
        run: the run; its checkpoints say which of them was the last, and which the best.
        usual: its recipe's settings, for all that the manifest does not tell, or tells wrongly.
        sampler: of a sample's lineage; `checkpoint` is a name there.
    """
    told = {key: sampler[key] for key in SamplingOptions.model_fields if key in sampler}
    told["checkpoint"] = which_checkpoint(run, usual.checkpoint, told.get("checkpoint"))
    try:
        return SamplingOptions.model_validate({**usual.model_dump(), **told})
    except ValidationError:
        return usual


def which_checkpoint(run: Run, usual: WhichWeights, name: object) -> WhichWeights:
    """Return as what recipes know a checkpoint; as the usual one where none is called so."""
    try:
        last = Checkpoints(run.checkpoints).newest()
    except InputError:
        return usual
    if last is None:
        return usual
    others: tuple[WhichWeights, ...] = ("last", "best")
    return next((each for each in (usual, *others) if last.called(each) == name), usual)
