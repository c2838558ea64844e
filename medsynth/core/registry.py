"""Plugins: one entry-point group a kind, built-ins and strangers alike.

The built-in implementations are registered in medsynth's own `pyproject.toml` through
the same groups that a plugin uses; there is no private way in.
"""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, cast

from medsynth.core.errors import InputError, UsageError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """The implementations found in one entry-point group, loaded when asked for.

    Args:
        group: entry-point group, for example "medsynth.exporters".
        what: the singular noun used in messages, for example "export format".
    """

    def __init__(self, group: str, what: str) -> None:
        self.group = group
        self.what = what

    @cached_property
    def _points(self) -> dict[str, EntryPoint]:
        found: dict[str, EntryPoint] = {}
        for point in entry_points(group=self.group):
            other = found.get(point.name)
            if other is not None and other.value != point.value:
                raise InputError(
                    f"two plugins claim the {self.what} '{point.name}': "
                    f"{provider(other)} ({other.value}) and {provider(point)} ({point.value}).",
                    "Uninstall one of the two.",
                )
            found[point.name] = point
        return found

    def names(self) -> list[str]:
        """Return the registered names, sorted; nothing is imported."""
        return sorted(self._points)

    def providers(self) -> dict[str, str]:
        """Return name -> distribution that provides it; nothing is imported."""
        return {name: provider(self._points[name]) for name in self.names()}

    def get(self, name: str) -> T:
        """Return the implementation called `name`.

        Raises:
            UsageError: no such name; the message lists or suggests the known ones.
            InputError: the plugin is there but cannot be imported; where its entry point
                names an extra, the tip is the command that installs it.
        """
        if name not in self._points:
            raise UsageError(f"unknown {self.what} '{name}': {did_you_mean(name, self.names())}")
        point = self._points[name]
        try:
            return cast(T, point.load())
        except Exception as error:  # a plugin may raise anything; it is not our bug
            raise InputError(
                f"the {self.what} '{name}' of {provider(point)} cannot be imported: {error}",
                _mending(point, error),
            ) from error

    def items(self) -> list[tuple[str, T]]:
        """Return (name, implementation) of all, sorted by name; imports them."""
        return [(name, self.get(name)) for name in self.names()]


def _mending(point: EntryPoint, error: Exception) -> str:
    """Return what to do about an entry point that cannot be imported."""
    if isinstance(error, ModuleNotFoundError) and point.extras:
        return f'Run: pip install "{provider(point)}[{",".join(point.extras)}]"'
    return f"Reinstall {provider(point)}."


def provider(point: EntryPoint) -> str:
    """Return the name of the distribution that an entry point comes from."""
    dist: Any = getattr(point, "dist", None)
    return str(dist.name) if dist is not None else "an unknown distribution"
