"""One row of the manifest: a sample that is there, or one that was given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from medsynth.core.errors import InputError
from medsynth.core.types import SPLITS, Split
from medsynth.store.ids import check_id
from medsynth.store.lineage import Lineage
from medsynth.store.shows import checked_shows

Status = Literal["accepted", "given-up"]


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """What the manifest says of one entry of the plan.

    id: name of the sample and of its files.
    index: the entry's place in the mask plan.
    status: accepted samples have files; of those given up there is this row alone.
    files: SHA-256 of each PNG by its folder: "images", "masks" and perhaps "instances".
    group: groups of the source pairs, joined by "+".
    split: split of the source pairs.
    lineage: where the sample comes from.
    reason: why it was given up; None for accepted samples.
    shows: what the mask shows, see `store.shows`; None for rows of older versions.
    """

    id: str
    index: int
    status: Status
    files: Mapping[str, str]
    group: str
    split: Split
    lineage: Lineage
    reason: str | None = None
    shows: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further values of later versions, kept as they are."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON; `from_json` gives an equal row back."""
        return {
            "id": self.id,
            "index": self.index,
            "status": self.status,
            "files": dict(self.files),
            "group": self.group,
            "split": self.split,
            "reason": self.reason,
            "shows": None if self.shows is None else dict(self.shows),
            "lineage": self.lineage.to_json(),
            **self.extra,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], where: str) -> ManifestRow:
        """Return the row that `to_json` described.

        Raises:
            InputError: a key is missing or wrong, or the id cannot be a file name; the
                message begins with `where`.
        """
        try:
            return cls(
                id=check_id(str(value["id"]), where),
                index=_place(value["index"]),
                status=cast(Status, one_of(value["status"], get_args(Status))),
                files={str(key): str(sha256) for key, sha256 in value["files"].items()},
                group=str(value["group"]),
                split=cast(Split, one_of(value["split"], SPLITS)),
                lineage=Lineage.from_json(value["lineage"]),
                reason=None if value["reason"] is None else str(value["reason"]),
                shows=None if value.get("shows") is None else checked_shows(value["shows"]),
                extra={key: value[key] for key in value if key not in KEYS},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{where}: not a row of a manifest ({type(error).__name__}: {error}).",
                "It was edited, or written by another version; restore it from a copy.",
            ) from error


KEYS = frozenset(
    {"id", "index", "status", "files", "group", "split", "reason", "lineage", "shows"},
)
MOST = 1 << 60
"""Far beyond any plan: a larger index is a damaged one."""


def _place(value: Any) -> int:
    index = int(value)
    if not 0 <= index < MOST:
        raise ValueError(f"index {index} is no place in a plan")
    return index


def one_of(value: Any, known: tuple[str, ...]) -> str:
    """Return `value` where it is one of the known texts; ValueError otherwise."""
    if value not in known:
        raise ValueError(f"{value!r} is none of {', '.join(known)}")
    return str(value)
