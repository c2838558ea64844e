"""The recipe of a shared run: what weights and masks need, without paths and columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from medsynth.core.errors import UsageError
from medsynth.data.options import DataOptions
from medsynth.exporters.options import ExportOptions
from medsynth.model.options import ModelOptions
from medsynth.workflows.recipe import Recipe
from medsynth.workflows.told import Told


def shared_recipe(recipe: Recipe, seed: int, most_saturated: float, told: Told) -> Recipe:
    """Return the recipe as it may be given away.

    Gates that need real pairs are off; `evaluate` and `prove`, which need them too, have
    their defaults.

    Args:
        recipe: the run's.
        seed: that its samples were made with.
        most_saturated: what the gate `trivial` has learned from real images.
        told: what the model is told, without the data's words.

    Raises:
        UsageError: an option holds a path.
    """
    data = recipe.data
    gates = {"faithful": "off", "novel": "off", "plugin": {}, "most_saturated": most_saturated}
    shared = Recipe(
        seed=seed,
        data=DataOptions(size=data.size, fit=data.fit, window=data.window, colour=data.colour),
        model=shared_model(recipe.model, told),
        training=recipe.training,
        base=recipe.base,
        siamese=recipe.siamese,
        masks=recipe.masks,
        sampling=recipe.sampling,
        gates=recipe.gates.model_copy(update=gates),
        export=ExportOptions(synthetic_only=True),
    )
    for key, text in texts_in(shared.model_dump(mode="json"), ()):
        if is_path(text):
            raise UsageError(
                f"the recipe's {key} holds the path {text}, which would be given away.",
                f"Move it out of the run's recipe.yaml, or leave it out: --set {key}=null",
            )
    return shared


def shared_model(model: ModelOptions, told: Told) -> ModelOptions:
    """Return the model's options; what lies on this disk alone is left out of them."""
    own = model.stable_diffusion
    base = own.base if own.base is not None and is_hub_id(own.base) else None
    diffusion = {"base": base, "config": None, "prompt": told.template or ""}
    return model.model_copy(
        update={
            "codec": model.codec.model_copy(update={"weights": None}),
            "stable_diffusion": own.model_copy(update=diffusion),
            "label_column": told.column,
        }
    )


def is_hub_id(text: str) -> bool:
    """Return whether a base is named by its place on the hub, not by a path.

    >>> is_hub_id("stable-diffusion-v1-5/stable-diffusion-v1-5"), is_hub_id("/home/me/sd15")
    (True, False)
    """
    parts = PurePosixPath(text).parts
    return len(parts) == 2 and not is_path(text) and not Path(text).exists()


def is_path(text: str) -> bool:
    """Return whether a text is an absolute path, of any system, or one below a home."""
    absolute = PurePosixPath(text).is_absolute() or PureWindowsPath(text).is_absolute()
    return absolute or text.startswith(("~", "./", "../"))


def texts_in(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield every text in plain values, with its dotted key."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_in(inner, (*path, str(key)))
    elif isinstance(value, list):
        for k, inner in enumerate(value):
            yield from texts_in(inner, (*path, str(k)))
    elif isinstance(value, str):
        yield ".".join(path), value
