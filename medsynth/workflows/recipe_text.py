"""A resolved recipe as commented YAML; the comments are the fields' own docstrings."""

from __future__ import annotations

from typing import Any

from medsynth.core.options import Options
from medsynth.io.yaml import dump_yaml
from medsynth.workflows.recipe import Recipe


def commented_recipe(recipe: Recipe) -> str:
    """Return every option with its help above it."""
    return "\n".join(section(recipe, ""))


def section(options: Options, indent: str) -> list[str]:
    """Return the lines of one options model."""
    lines: list[str] = []
    values = options.model_dump(mode="json")
    for name, field in type(options).model_fields.items():
        help_lines = (field.description or "").strip().splitlines()
        lines += [f"{indent}# {line.strip()}".rstrip() for line in help_lines]
        value = getattr(options, name)
        if isinstance(value, Options):
            lines += [f"{indent}{name}:", *section(value, indent + "  ")]
        else:
            lines += [indent + line for line in pair(name, values[name]).splitlines()]
    return lines


def pair(name: str, value: Any) -> str:
    """Return "name: value" as YAML.

    >>> pair("size", [32, 64])
    'size: [32, 64]'
    >>> pair("seed", 0)
    'seed: 0'
    """
    text = dump_yaml({name: value}).rstrip()
    return text[1:-1] if text.startswith("{") else text  # without the braces of a flow mapping
