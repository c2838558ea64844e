"""What takes the fitted model itself: variety within a mask, and the membership attack."""

from __future__ import annotations

from typing import Any

from medsynth.core.seeds import derive_seed
from medsynth.workflows.evaluate.attack import attack
from medsynth.workflows.evaluate.case import Case
from medsynth.workflows.evaluate.sets import told_masks
from medsynth.workflows.evaluate.variety import variety
from medsynth.workflows.model import load_fitted


def by_the_model(case: Case) -> dict[str, Any]:
    """Return both; the attack only where there are pairs that the model never saw."""
    recipe, options, index = case.recipe, case.options, case.index
    masks = told_masks(case.run, index, options.diversity_masks)
    unseen = index.split("val") or index.split("test")
    attacked = bool(options.attack_draws and unseen)
    if not (masks or attacked):
        return {}
    fitted = load_fitted(case.run, recipe, index, recipe.sampling.checkpoint)
    fitted.network.to(case.device)
    fitted.codec.to(case.device)
    values: dict[str, Any] = {}
    if masks:
        case.report(0, 0, "several samples of one mask")
        seed = derive_seed(recipe.seed, "evaluate", "variety")
        values["variety"] = variety(
            fitted, recipe, masks, case.sets.made.images, case.sets.held_out.images, options, seed
        )
    if attacked:
        case.report(0, 0, "the membership attack")
        values["membership"] = attack(fitted, index, options.attack_draws, recipe.seed)
    return values
