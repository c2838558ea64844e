"""YAML to plain values: mappings, lists, strings, numbers; no tags, no anchors to explode."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from medsynth.core.errors import InputError, UsageError

MOST_BYTES = 1_000_000


class _PlainLoader(yaml.SafeLoader):
    """SafeLoader that refuses aliases, so that no document unfolds to more than it is.

    It also refuses a key that comes twice in one mapping: the later would silently win; and half a
    character (\\ud800 without its partner), which no file could be written with.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("anchors and aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_scalar(self, node: Any) -> Any:
        value = super().construct_scalar(node)
        try:
            value.encode()
        except UnicodeError:
            raise yaml.YAMLError("it has half a character in it") from None
        return value

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key in (key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key in seen:
                raise yaml.YAMLError(f"the key '{key}' comes twice in one mapping")
            seen.add(key)
        return super().construct_mapping(node, deep)


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, known) for tag, known in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
"""As of YAML 1.2: `off` and `no` are words, or masks.plausibility=off could not be written."""


def load_yaml(text: str, where: str) -> Any:
    """Parse YAML text into plain values.

    Raises:
        UsageError: not YAML, or more than `MOST_BYTES`; `where` names it in the message.
    """
    if len(text) > MOST_BYTES:
        raise UsageError(f"{where} is larger than {MOST_BYTES} bytes.")
    try:
        return yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{where} is not valid YAML: {reason}") from error


def read_yaml(path: Path) -> Any:
    """Read a YAML file into plain values; see `load_yaml`."""
    try:
        return load_yaml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def dump_yaml(value: Any) -> str:
    """Return `value` as YAML, keys in their order."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=None)
