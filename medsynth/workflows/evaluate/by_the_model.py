"""What takes the fitted model itself: variety within a mask, and the membership attack."""

from __future__ import annotations

from typing import Any

from medsynth.core.seeds import derive_seed
from medsynth.store.samples import SampleStore
from medsynth.workflows.as_sampled import as_sampled
from medsynth.workflows.evaluate.attack import attack
from medsynth.workflows.evaluate.case import Case
from medsynth.workflows.evaluate.sets import told_masks
from medsynth.workflows.evaluate.variety import variety
from medsynth.workflows.model import load_fitted

OTHERS = (
    "The weights that made the samples are not in this run: variety, and whether the weights "
    "betray whom they were fitted on, were measured with those that are."
)


def by_the_model(case: Case) -> tuple[dict[str, Any], list[str]]:
    """Return both, and warnings; the attack only where there are pairs that the model never saw.

    The weights and the sampler's settings are those that the samples were made with.
    """
    recipe, options, index = case.recipe, case.options, case.index
    unseen = case.sets.unseen
    masks = told_masks(case.run, index, options.diversity_masks)
    attacked = bool(options.attack_draws and unseen)
    if not (masks or attacked):
        return {}, []
    made = next(row for row in SampleStore(case.run.samples).rows() if row.status == "accepted")
    sampling = as_sampled(case.run, recipe.sampling, made.lineage.sampler)
    fitted = load_fitted(case.run, recipe, index, sampling.checkpoint)
    own = fitted.sha256 == made.lineage.checkpoint_sha256
    fitted.network.to(case.device)
    fitted.codec.to(case.device)
    values: dict[str, Any] = {}
    if masks:
        case.report(0, 0, "several samples of one mask")
        seed = derive_seed(recipe.seed, "evaluate", "variety")
        values["variety"] = variety(
            fitted, sampling, masks, case.sets.made.images, case.sets.held_out.images, options, seed
        )
    if attacked:
        case.report(0, 0, "the membership attack")
        values["membership"] = attack(fitted, index, unseen, options.attack_draws, recipe.seed)
    return values, [] if own else [OTHERS]
