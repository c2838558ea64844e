"""Vision transformers by transformers: from a folder, its cache or, only when asked, the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medsynth.core.errors import InputError


def load_from_hub(kind: Any, where: str, *, download: bool) -> Any:
    """Return a pretrained model of one of transformers' classes, in float32.

    HF_HUB_OFFLINE is honoured even where a download is asked for.

    Args:
        kind: the class, with `from_pretrained`.
        where: a folder, or a hub id.
        download: whether the hub may be asked for what is not here.

    Raises:
        InputError: it is not there, cannot be read, or lacks some of the model's weights.
    """
    tip = (
        f"Give the folder of a model that has them, or let them be downloaded from {where} "
        "(--set evaluate.download=true, HF_HUB_OFFLINE not set)."
    )
    local = Path(where).is_dir() or not download
    try:
        model, info = kind.from_pretrained(
            where, local_files_only=local, output_loading_info=True, dtype="float32"
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{where} cannot be loaded as {kind.__name__}: {str(error).splitlines()[0]}", tip
        ) from error
    missing = sorted(info["missing_keys"])
    if missing:
        raise InputError(
            f"{where} lacks {len(missing)} weights of {kind.__name__}, {missing[0]} first: "
            "they would be random.",
            tip,
        )
    return model
