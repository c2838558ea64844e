"""augment: new masks from the plan, and an image for each: here, as a shard, or by many."""

from __future__ import annotations

from collections.abc import Callable

from medsynth.io.runs import find_run
from medsynth.workflows.augment.config import (
    AugmentConfig,
    AugmentResult,
    check_guidance,
    check_wishes,
)
from medsynth.workflows.augment.here import augment_here
from medsynth.workflows.augment.together import augment_together
from medsynth.workflows.processes import launched
from medsynth.workflows.recipe import read_run_recipe
from medsynth.workflows.shards.name import ShardName
from medsynth.workflows.shards.shard import make_shard

__all__ = ["AugmentConfig", "AugmentResult", "augment"]

Report = Callable[[int, int, str], None]


def augment(config: AugmentConfig, report: Report) -> AugmentResult:
    """Make samples until the run has `n`; or a shard of them.

    Raises:
        UsageError: no run, no finished fit, a wrong option, no Ray.
        InputError: data, plan, store or checkpoint changed or are damaged.
        NothingAcceptableError: too few images were acceptable.
        InterruptedRunError: stopped by Ctrl-C.
    """
    check_wishes(config, launched())
    run = find_run(config.run)
    recipe = read_run_recipe(run, config.sets)
    check_guidance(recipe, run.path)
    if config.shard is not None:
        return make_shard(run, recipe, config, ShardName.parse(config.shard), report)
    if launched() > 1:
        return augment_together(run, recipe, config, report)
    if config.engine == "ray":
        from medsynth.workflows.augment.ray_engine import augment_on_ray

        return augment_on_ray(run, recipe, config, report)
    with run.lock("augment"):
        return augment_here(run, recipe, config, report)
