"""What explains a run, written at its beginning."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

from medsynth.data.records import DataIndex
from medsynth.data.trained_on import Trained, inherited_pairs, own_pairs, write_trained_on
from medsynth.io.atomic import write_json
from medsynth.io.runs import Run
from medsynth.model.codecs.codec import Codec
from medsynth.model.network import HintedDiffusion
from medsynth.training.checkpoints import save_tensors
from medsynth.workflows.fit.opening import Prepared
from medsynth.workflows.model import CODEC, PROMPTS, base_sha256
from medsynth.workflows.recipe import write_run_recipe
from medsynth.workflows.told import write_prompts

LIBRARIES = ("medsynth", "torch", "diffusers", "numpy", "scikit-image")


def write_run(
    run: Run,
    origin: dict[str, str | None],
    prepared: Prepared,
    codec: Codec,
    network: HintedDiffusion,
) -> None:
    """Write what explains a run; the recipe last, for it makes the folder a run.

    Args:
        run: where to.
        origin: what the weights began as, {"init_from": RUN or None} or {"imported": FILE};
            and the recipe's name.
        prepared: recipe, index, what images are told.
        codec: fitted.
        network: its base's weights are hashed.
    """
    prepared.index.save(run.path)
    write_trained_on(run.path, learned_pairs(run, origin, prepared.index))
    codec_sha256 = save_tensors(run.checkpoints / CODEC, codec.own_state())
    write_prompts(run.checkpoints / PROMPTS, prepared.told)
    write_json(
        run.about,
        {
            "versions": {name: version(name) for name in LIBRARIES},
            "python": platform.python_version(),
            "device": str(prepared.device),
            "processes": prepared.processes.count,
            "threads": prepared.recipe.training.threads,
            "seed": prepared.recipe.seed,
            "labels": list(prepared.told.labels),
            "codec_sha256": codec_sha256,
            "base_sha256": base_sha256(network),
            **origin,
        },
    )
    write_run_recipe(run, prepared.recipe)


def learned_pairs(run: Run, origin: dict[str, str | None], index: DataIndex) -> tuple[Trained, ...]:
    """Return what the run's weights learn from, and what those learned from that they began as.

    Raises:
        InputError: the run that they began with is damaged.
    """
    if "imported" in origin:
        return ()
    source = origin["init_from"]
    return (*(inherited_pairs(Path(source)) if source else ()), *own_pairs(run.path, index))
