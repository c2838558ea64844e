"""The settings of a run, and the commands that make it again; without paths of this machine."""

from __future__ import annotations

import json
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


def differences(told: Mapping[str, Any], usual: Mapping[str, Any]) -> Iterator[str]:
    """Yield "key=value" for what was told otherwise.

    >>> list(differences({"a": 1, "b": {"c": [0.5], "d": "x"}}, {"a": 1, "b": {"c": [1]}}))
    ['b.c=[0.5]', 'b.d=x']
    """
    for key, value in told.items():
        if value == usual.get(key):
            continue
        if isinstance(value, Mapping):
            yield from (f"{key}.{each}" for each in differences(value, usual.get(key) or {}))
        else:
            shown = without_paths(value)
            yield f"{key}={shown if isinstance(shown, str) else json.dumps(shown)}"
