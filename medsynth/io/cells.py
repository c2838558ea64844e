"""CSV that a person may open in a spreadsheet: no cell of it is taken for a formula.

Source: OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

FORMULA = ("=", "+", "-", "@", "\t", "\r")
MARK = "'"


def write_cells(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write rows of texts as UTF-8 CSV; what a spreadsheet would run begins with a "'"."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([guarded(c) for c in row] for row in rows)


def read_cells(path: Path) -> list[dict[str, str]]:
    """Read what `write_cells` wrote, by the names of its first row.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {k: plain(v or "") for k, v in row.items() if k is not None}
            for row in csv.DictReader(file)
        ]


def guarded(text: str) -> str:
    """Return the text as a cell that no spreadsheet runs.

    >>> guarded("=HYPERLINK(1)"), guarded("a=1"), guarded("'a")
    ("'=HYPERLINK(1)", 'a=1', "''a")
    """
    return MARK + text if text.startswith((*FORMULA, MARK)) else text


def plain(cell: str) -> str:
    """Return the text of a cell: the inverse of `guarded`."""
    return cell.removeprefix(MARK)
