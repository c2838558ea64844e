"""The settings of a run, and the commands that make it again; without paths of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from medsynth import __version__
from medsynth.io.yaml import dump_yaml
from medsynth.workflows.report.found import Found


def without_paths(value: Any) -> Any:
    """Return plain values in which each absolute path is its last part alone.

    >>> without_paths({"weights": "/home/me/taef2.safetensors", "size": [64, "C:/x/y"]})
    {'weights': 'taef2.safetensors', 'size': [64, 'y']}
    """
    if isinstance(value, Mapping):
        return {key: without_paths(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(each) for each in value]
    if isinstance(value, str):
        for kind in (PurePosixPath, PureWindowsPath):
            if (path := kind(value)).is_absolute():
                return path.name
    return value


def recipe_text(found: Found) -> str:
    """Return the resolved recipe as YAML."""
    return dump_yaml(without_paths(found.recipe.model_dump(mode="json")))


def versions(found: Found) -> dict[str, str]:
    """Return what the fit was made with, and what wrote the report."""
    about = found.about or {}
    made = {f"{name} at the fit": str(v) for name, v in about.get("versions", {}).items()}
    made |= {name: str(about[name]) for name in ("python", "device", "threads") if name in about}
    return {**made, "medsynth that wrote this page": __version__}


def commands(found: Found, samples: int) -> list[str]:
    """Return the commands that make the same run; DATA and RUN stand for folders."""
    init = without_paths((found.about or {}).get("init_from"))
    begun = f" --init-from {init}" if init else ""
    listed = [f"medsynth fit DATA --recipe recipe.yaml --run RUN{begun}"]
    if samples:
        listed.append(f"medsynth augment --n {samples} --run RUN")
    recipe = found.recipe.model_dump(mode="json")
    for verb, told in (
        ("evaluate", (found.evaluation or {}).get("about", {}).get("options")),
        ("prove", (found.proof or {}).get("options")),
    ):
        if told is not None:
            sets = [f" --set '{verb}.{each}'" for each in differences(told, recipe[verb])]
            listed.append(f"medsynth {verb} --run RUN{''.join(sets)}")
    return listed


def differences(told: Mapping[str, Any], usual: Mapping[str, Any]) -> Iterator[str]:
    """Yield "key=value" for what was told otherwise.

    >>> list(differences({"a": 1, "b": {"c": [0.5]}}, {"a": 1, "b": {"c": [1]}}))
    ['b.c=[0.5]']
    """
    for key, value in told.items():
        if value == usual.get(key):
            continue
        if isinstance(value, Mapping):
            yield from (f"{key}.{each}" for each in differences(value, usual.get(key) or {}))
        else:
            yield f"{key}={dump_yaml([without_paths(value)]).strip()[1:-1]}"
