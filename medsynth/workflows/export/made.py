"""The exports of a run, and which of them do not hold the samples that it has now."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from medsynth.exporters.card import NAME
from medsynth.exporters.datasheet import NAMES
from medsynth.io.json_text import parse_json
from medsynth.io.runs import Run
from medsynth.store.samples import SampleStore
from medsynth.workflows.export.facts import samples_sha256
from medsynth.workflows.export.rows import synthetic_rows


def made_exports(run: Run, store: SampleStore) -> dict[str, int | None]:
    """Return each export's name, sorted, and how many samples it was made of.

    None where these are the samples of now; 0 where nobody knows. One that takes only some of
    the samples, by a ratio for example, is of now too where it chose from those of now.

    Raises:
        InputError: the manifest is damaged.
    """
    count = store.count("accepted")

    @cache
    def now() -> str:  # reads the whole manifest: only where numbers do not tell
        return samples_sha256(synthetic_rows(store, with_classes=False))

    def of_others(folder: Path) -> int | None:
        told = _datasheet(folder)
        then = int((told.get("acceptance") or {}).get("total", {}).get("accepted", 0))
        known = told.get("samples_sha256")  # None: of before there was one
        same = then == count and (known is None or known == now())
        return None if same else then

    folders = sorted(path.parent for path in run.exports.glob(f"*/{NAME}"))
    return {folder.name: of_others(folder) for folder in folders}


def _datasheet(folder: Path) -> dict[str, Any]:
    try:
        found = parse_json((folder / NAMES[1]).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
