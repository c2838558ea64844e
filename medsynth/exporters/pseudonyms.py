"""A set whose real pairs and groups are called by pseudonyms, for files named after patients."""

from __future__ import annotations

import hmac
from dataclasses import replace
from hashlib import sha256

from medsynth.core.errors import UsageError
from medsynth.core.types import SPLITS, Sample
from medsynth.exporters.export_set import ExportSet, Row

LENGTH = 12
"""Hexadecimal digits; two of a hundred thousand names agree once in fifty thousand sets."""
NOTE = (
    "Real pairs and groups are called by pseudonyms, which only the run's own key "
    "(pseudonyms.key) leads back to; what else the data's CSV files say of them is left out."
)


def under_pseudonyms(export_set: ExportSet) -> ExportSet:
    """Return the set with ids of real pairs, sources and groups replaced, and in a new order.

    Pseudonyms are keyed by the set's secret, so nobody without it can try names until one fits;
    the same run gives the same pseudonyms. Split, leakage and lineage are as before.

    Raises:
        UsageError: the set has no secret.
    """
    if export_set.secret is None:
        raise UsageError(
            f"{export_set.name} has no key for pseudonyms.", "Leave out export.pseudonyms."
        )
    secret = export_set.secret()

    def id_of(name: str) -> str:
        return "p" + pseudonym(secret, name)

    def group_of(name: str) -> str:
        return "+".join("g" + pseudonym(secret, each) for each in name.split("+"))

    def renamed(row: Row) -> Row:
        return replace(
            row,
            id=id_of(row.id) if row.origin == "real" else row.id,
            group=group_of(row.group),
            sources=tuple(map(id_of, row.sources)),
            attributes={},
        )

    old = {renamed(row).id: row for row in export_set.rows}

    def load(row: Row) -> Sample:
        return replace(export_set.load(old[row.id]), id=row.id, group=row.group)

    rows = map(renamed, export_set.rows)
    return replace(
        export_set,
        rows=tuple(sorted(rows, key=lambda row: (SPLITS.index(row.split), row.origin, row.id))),
        load=load,
        real=tuple(map(renamed, export_set.real)),
        notes=(*export_set.notes, NOTE),
    )


def pseudonym(secret: bytes, name: str) -> str:
    """Return what stands for a name, as long as the secret is the same.

    >>> pseudonym(b"key", "Doe, Jane") == pseudonym(b"key", "Doe, Jane")
    True
    >>> pseudonym(b"other", "Doe, Jane") == pseudonym(b"key", "Doe, Jane")
    False
    """
    return hmac.new(secret, name.encode(), sha256).hexdigest()[:LENGTH]
