"""A resolved recipe as commented YAML; the comments are the fields' own docstrings."""

from __future__ import annotations

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
            dumped = dump_yaml({name: values[name]}).rstrip().splitlines()
            lines += [indent + line for line in dumped]
    return lines
