"""What augment is asked for, what it returns, and which wishes do not go together."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from medsynth.core.errors import UsageError, did_you_mean
from medsynth.io.runs import Run
from medsynth.model.backbone import build_backbone
from medsynth.store.acceptance import Acceptance, acceptance
from medsynth.store.samples import SampleStore
from medsynth.workflows.gate_warnings import gate_warnings
from medsynth.workflows.recipe import Recipe, refuse_other_sets
from medsynth.workflows.shards.name import ShardName

ENGINES = ("local", "ray")
SETTABLE = (
    "sampling.",
    "masks.",
    "gates.",
    "model.stable_diffusion.base",
    "model.stable_diffusion.config",
)


@dataclass(frozen=True)
class AugmentConfig:
    """What to make.

    n: accepted samples that the run shall have, those already there included; None for as
        many as there are masks.
    masks: a user's masks, to be synthesized as they are; None for new ones from the plan.
    run: None for the latest; seed: of the plan and the images, None for the recipe's.
    sets: "sampling.key=value" or "masks.key=value" on top of the run's recipe.
    shard: "i/k", i from 0: only every k-th block, beside the run's samples until they are merged.
    engine: where images are made: "local" or "ray".
    ray_address: of the cluster; None for the one that Ray finds by itself.
    """

    n: int | None
    run: Path | None = None
    seed: int | None = None
    sets: tuple[str, ...] = ()
    device: str | None = None
    masks: Path | None = None
    shard: str | None = None
    engine: str = "local"
    ray_address: str | None = None

    @property
    def asked(self) -> tuple[str, ...]:
        """The options that samples depend on, in words, so that the same can be asked again."""
        seed = () if self.seed is None else (f"--seed {self.seed}",)
        return (*seed, *(f"--set {shlex.quote(text)}" for text in self.sets))


@dataclass(frozen=True)
class AugmentResult:
    """What the run, or the shard, holds now; `made` of them were made by this call.

    acceptance: of all that was drawn so far, by class, size and operator.
    relaxed: masks that were planned in spite of a flaw, by flaw.
    shard: the shard's folder, where only a shard was made.
    warnings: which gates cannot judge, and why.
    """

    run: Path
    accepted: int
    given_up: int
    made: int
    acceptance: Acceptance
    relaxed: dict[str, int] = field(default_factory=dict)
    shard: Path | None = None
    warnings: tuple[str, ...] = ()


def result_of(
    run: Path,
    store: SampleStore,
    made: int,
    relaxed: Mapping[str, int] | None = None,
    shard: Path | None = None,
) -> AugmentResult:
    """Return the result of a call that made samples in a store, the run's or a shard's."""
    accepted, given_up = store.count("accepted"), store.count("given-up")
    seen = acceptance(store.rows())
    warned = gate_warnings(Run(run))
    return AugmentResult(run, accepted, given_up, made, seen, dict(relaxed or {}), shard, warned)


def check_wishes(config: AugmentConfig, processes: int) -> None:
    """Refuse what is wrong whatever the run is.

    Args:
        config: what is asked for.
        processes: how many were launched together.

    Raises:
        UsageError: says which wish, and what to do.
    """
    if config.n is None and config.masks is None:
        raise UsageError("--n is missing: how many samples the run shall have.", "--n 1000")
    if config.n is not None and config.n < 1:
        raise UsageError(f"--n must be at least 1, not {config.n}.")
    refuse_other_sets("augment", config.sets, SETTABLE)
    if config.engine not in ENGINES:
        near = did_you_mean(config.engine, ENGINES)
        raise UsageError(f"unknown engine '{config.engine}': {near}")
    if config.ray_address is not None and config.engine != "ray":
        raise UsageError("--ray-address goes with --engine ray.", "Add --engine ray.")
    if config.engine == "ray" and find_spec("ray") is None:
        raise UsageError(
            "--engine ray needs Ray, which is not installed.", "pip install 'medsynth[ray]'"
        )
    if config.shard is not None:
        ShardName.parse(config.shard)
    ways = {
        "--shard": config.shard is not None,
        "--engine ray": config.engine == "ray",
        "accelerate launch": processes > 1,
    }
    asked = [way for way, is_asked in ways.items() if is_asked]
    if len(asked) > 1:
        raise UsageError(
            f"{asked[0]} and {asked[1]} both share out the blocks.", "Use one of the two."
        )
    if asked and config.masks is not None:
        raise UsageError(
            f"--masks does not go with {asked[0]}: which mask is next depends on the images that "
            "were given up before.",
            f"Leave {asked[0]} out, or split the folder of masks and use a copy of the run each.",
        )


def lacks_guidance(recipe: Recipe) -> bool:
    """Return whether a recipe asks for guidance that a fit with it does not know."""
    if recipe.sampling.guidance_scale == 1 or recipe.siamese.hint_dropout > 0:
        return False
    return build_backbone(recipe.model).prompt() is None


def check_guidance(recipe: Recipe, where: Path) -> None:
    """Refuse guidance where the fit knows none.

    Raises:
        UsageError: it does not.
    """
    if lacks_guidance(recipe):
        raise UsageError(
            f"{where} was fitted with siamese.hint_dropout=0, so it has no guidance.",
            "Leave sampling.guidance_scale at 1, or fit with --set siamese.hint_dropout=0.1.",
        )
