"""Typed options: frozen, unknown keys refused, the docstring under a field is its help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from medsynth.core.errors import UsageError, did_you_mean, listed

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
        problems = _sentences(cls, [dict(problem) for problem in error.errors()])
    raise UsageError(f"{where}: " + "; ".join(problems))


def _sentences(cls: type[Options], problems: list[dict[str, Any]]) -> list[str]:
    """Return a sentence a key; what several forms of one value lack is joined by "or"."""
    said: dict[str, list[str]] = {}
    got: dict[str, str] = {}
    for problem in problems:
        path = _without_forms(cls, problem["loc"])
        key = ".".join(str(part) for part in path) or "the recipe"
        if problem["type"] == "extra_forbidden":
            said[f"unknown key '{key}'"] = [_meant(cls, _names(path))]
            continue
        said.setdefault(key, []).append(_wanted(problem, field_at(cls, _names(path))))
        got[key] = f" (got {problem['input']!r})"
    return [f"{key}: {', or '.join(texts)}{got.get(key, '')}" for key, texts in said.items()]


def _names(path: list[str | int]) -> list[str]:
    return [part for part in path if isinstance(part, str)]


def _meant(cls: type[Options], names: list[str]) -> str:
    """Return which key was meant: one of that name anywhere, or one that is like it there."""
    everywhere = [key for key, _ in walk_fields(cls) if key.split(".")[-1] == names[-1]]
    if everywhere:
        shown = [f"'{key}'" for key in sorted(everywhere, key=lambda key: key.count("."))]
        return f"did you mean {listed(shown, 4)}?"
    return did_you_mean(names[-1], fields_at(cls, names[:-1]))


def _wanted(problem: Mapping[str, Any], field: FieldInfo | None) -> str:
    """Return what a value should be, in words, with an example of a list."""
    message = problem["msg"].removeprefix("Value error, ").split(", unable to parse")[0]
    if problem["type"] == "tuple_type":
        message = f"input should be a list{_example(field)}"
    return str(message[0].lower() + message[1:])


def _example(field: FieldInfo | None) -> str:
    """Return an example of a list for an option, made of its default value; "" without one."""
    if field is None:
        return ""
    value, kinds = field.default, (field.annotation, *get_args(field.annotation))
    lengths = [len(get_args(kind)) for kind in kinds if get_origin(kind) is tuple]
    if isinstance(value, int | float) and lengths:
        value = [value] * lengths[0]
    plain = isinstance(value, list | tuple) and all(isinstance(v, int | float) for v in value)
    return f" such as {list(value)}" if plain and value else ""


def _without_forms(cls: type[Options], location: tuple[str | int, ...]) -> list[str | int]:
    """Return where a problem is, without pydantic's names for the forms a value may have."""
    path: list[str | int] = []
    inner: type[Options] | None = cls
    forms = False
    for part in location:
        if forms and isinstance(part, str):
            forms = False
            continue
        path.append(part)
        if isinstance(part, int):
            continue
        field = inner.model_fields.get(part) if inner is not None else None
        annotation = None if field is None else field.annotation
        inner = options_type(annotation)
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        forms = inner is None and is_union(annotation) and len(kinds) > 1
    return path


def is_union(annotation: Any) -> bool:
    """Return whether an annotation is `X | Y`."""
    return get_origin(annotation) in (Union, UnionType)


def fields_at(cls: type[Options], path: list[str]) -> list[str]:
    """Return the field names of the options model found at `path` below `cls`."""
    for part in path:
        field = cls.model_fields.get(part)
        inner = options_type(field.annotation) if field is not None else None
        if inner is None:
            return list(cls.model_fields)
        cls = inner
    return list(cls.model_fields)


def field_at(cls: type[Options], names: list[str]) -> FieldInfo | None:
    """Return the field at a dotted place below `cls`, or None where there is no such."""
    inner: type[Options] | None = cls
    field = None
    for name in names:
        field = inner.model_fields.get(name) if inner is not None else None
        inner = None if field is None else options_type(field.annotation)
    return field


def options_type(annotation: Any) -> type[Options] | None:
    """Return the options model that an annotation holds (`X` or `X | None`), if any."""
    if isinstance(annotation, type) and issubclass(annotation, Options):
        return annotation
    return next((found for arg in get_args(annotation) if (found := options_type(arg))), None)


def walk_fields(cls: type[Options], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (dotted key, help text) for each leaf field, in order; a list is a leaf."""
    for name, field in cls.model_fields.items():
        inner = options_type(field.annotation)
        if inner is not None and not holds_many(field.annotation):
            yield from walk_fields(inner, f"{prefix}{name}.")
        else:
            yield prefix + name, (field.description or "").strip()


def holds_many(annotation: Any) -> bool:
    """Return whether an annotation is `tuple[X, ...]`."""
    return get_origin(annotation) is tuple
