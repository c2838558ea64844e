"""Typed options: frozen, unknown keys refused, the docstring under a field is its help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from medsynth.core.errors import UsageError, did_you_mean

O = TypeVar("O", bound="Options")  # noqa: E741


class Options(BaseModel):
    """Base of all option models; each lives beside the code that it configures."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )


def parse_options(cls: type[O], values: Mapping[str, Any], where: str) -> O:
    """Validate plain values into options.

    Args:
        cls: the options model.
        values: nested plain values, as read from YAML.
        where: what to call the source in messages, for example "recipe compact".

    Raises:
        UsageError: all problems at once, each with its key; unknown keys with a did-you-mean.
    """
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        problems = [_sentence(cls, dict(problem)) for problem in error.errors()]
    raise UsageError(f"{where}: " + "; ".join(problems))


def _sentence(cls: type[Options], problem: dict[str, Any]) -> str:
    path = [part for part in problem["loc"] if isinstance(part, str)]
    key = ".".join(str(part) for part in problem["loc"]) or "the recipe"
    if problem["type"] == "extra_forbidden":
        return f"unknown key '{key}': {did_you_mean(path[-1], fields_at(cls, path[:-1]))}"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{key}: {message[0].lower()}{message[1:]} (got {problem['input']!r})"


def fields_at(cls: type[Options], path: list[str]) -> list[str]:
    """Return the field names of the options model found at `path` below `cls`."""
    for part in path:
        field = cls.model_fields.get(part)
        inner = options_type(field.annotation) if field is not None else None
        if inner is None:
            return list(cls.model_fields)
        cls = inner
    return list(cls.model_fields)


def options_type(annotation: Any) -> type[Options] | None:
    """Return the options model that an annotation holds (`X` or `X | None`), if any."""
    if isinstance(annotation, type) and issubclass(annotation, Options):
        return annotation
    return next((found for arg in get_args(annotation) if (found := options_type(arg))), None)


def walk_fields(cls: type[Options], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (dotted key, help text) for each leaf field, in order."""
    for name, field in cls.model_fields.items():
        inner = options_type(field.annotation)
        if inner is not None:
            yield from walk_fields(inner, f"{prefix}{name}.")
        else:
            yield prefix + name, (field.description or "").strip()
