"""What samples are called in an export: the user's template, then the format's rule.

Ids of medsynth are safe as file names; those of other sources need not be, and a template
adds letters of its own. So every name is made safe here, and no name leaves the export.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import Formatter

from medsynth.core.errors import InputError, listed
from medsynth.exporters.export_set import Row

FIELDS = ("id", "split", "origin")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
MOST_LETTERS = 150


@dataclass(frozen=True, slots=True)
class NameRule:
    """What a format asks of names.

    sentence: the rule in words, for the user.
    apply: a safe name to one that the format takes; itself where it is taken as it is.
    """

    sentence: str
    apply: Callable[[str], str]


ANY_NAME = NameRule("any safe name is taken", str)
WITHOUT_DOTS = NameRule("dots become '_'", lambda name: name.replace(".", "_"))


def checked_template(template: str) -> str:
    """Return a template of names, for example "{split}_{id}".

    Raises:
        ValueError: it holds another field than `FIELDS`, no {id}, or a letter that is
            not safe in a file name.
    """
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"it is no template: {error}") from None
    fields = [field for _, field, _, _ in parts if field is not None]
    plain = all(not form and not conversion for _, _, form, conversion in parts)
    if set(fields) - set(FIELDS) or not plain:
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        raise ValueError(f"a name may hold the fields {known}, as they are, and no others")
    if "id" not in fields:
        raise ValueError("it must hold {id}, or two samples would have one name")
    if not all(re.fullmatch(r"[A-Za-z0-9._-]*", text) for text, _, _, _ in parts):
        raise ValueError("besides fields it may hold letters, digits, '.', '-' and '_' alone")
    return template


def safe_name(name: str) -> str:
    """Return a name that is one file of the folder it is put in, on any system.

    >>> safe_name("../a b"), safe_name("con.v1"), safe_name("p-1_x")
    ('_a_b', 'con_.v1', 'p-1_x')
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:MOST_LETTERS].strip(".")
    stem, dot, rest = plain.partition(".")
    return f"{stem}_{dot}{rest}" if RESERVED.fullmatch(stem) else plain or "sample"


def make_names(
    rows: Sequence[Row], template: str, rule: NameRule
) -> tuple[dict[str, str], list[str]]:
    """Return id -> name, and the ids of which the rules changed the name.

    Of two names that the rules make one, the later gets "-2" at its end, and so on.

    Raises:
        InputError: the template, or the ids by themselves, give one name to two rows.
    """
    wanted = [template.format(id=row.id, split=row.split, origin=row.origin) for row in rows]
    _refuse_twins(rows, wanted)
    allowed = [rule.apply(safe_name(name)) for name in wanted]
    taken = {name.casefold() for name, asked in zip(allowed, wanted, strict=True) if name == asked}
    names, changed = {}, []
    for row, asked, name in zip(rows, wanted, allowed, strict=True):
        names[row.id] = name
        if name != asked:
            names[row.id] = _free(name, taken)
            taken.add(names[row.id].casefold())
            changed.append(row.id)
    return names, changed


def _free(name: str, taken: set[str]) -> str:
    number, candidate = 1, name
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def _refuse_twins(rows: Sequence[Row], wanted: Sequence[str]) -> None:
    """Refuse names that would be one file, also where file names have no case."""
    seen: dict[str, Row] = {}
    twins = [
        f"{row.id} and {other.id}"
        for row, name in zip(rows, wanted, strict=True)
        if (other := seen.setdefault(name.casefold(), row)) is not row
    ]
    if twins:
        raise InputError(
            f"two samples would have one file name: {listed(twins)}.", "Rename one of each two."
        )
