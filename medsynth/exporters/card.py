"""export.json: what an export holds, where it comes from, how to cite it.

Its `content` is a hash over all that decides the bytes of the export, so that an unchanged
one is known again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medsynth.core.options import Options
from medsynth.exporters import checksums
from medsynth.exporters.citation import LICENSE_NOTE, citations, generator
from medsynth.exporters.exporter import ExportResult, ExportSet
from medsynth.io.atomic import write_json
from medsynth.io.hashing import hash_json
from medsynth.io.json_text import parse_json

NAME = "export.json"


def content_hash(format_name: str, export_set: ExportSet, options: Options) -> str:
    """Return the SHA-256 of what decides the bytes: rows, classes, options, origin, version."""
    return hash_json(
        {
            "format": format_name,
            "options": options.model_dump(mode="json"),
            "generator": generator(),
            "name": export_set.name,
            "classes": [[item.id, item.name] for item in export_set.classes],
            "channels": export_set.channels,
            "has_instances": export_set.has_instances,
            "hw": export_set.hw,
            "about": dict(export_set.about),
            "facts": dict(export_set.facts),
            "rows": [
                [row.id, row.split, row.origin, row.group, list(row.sources), row.content]
                for row in export_set.rows
            ],
        }
    )


def to_card(
    format_name: str, export_set: ExportSet, options: Options, result: ExportResult
) -> dict[str, Any]:
    """Return what export.json holds, but for the figures of the files on disk."""
    synthetic = [row for row in export_set.rows if row.origin == "synthetic"]
    return {
        "format": format_name,
        "name": export_set.name,
        "generator": generator(),
        "content": content_hash(format_name, export_set, options),
        "options": options.model_dump(mode="json"),
        "counts": result.counts,
        "classes": [{"id": item.id, "name": item.name} for item in export_set.classes],
        "channels": export_set.channels,
        "notes": list(result.notes),
        "lineage": {
            "synthetic": len(synthetic),
            "source_masks": len({source for row in synthetic for source in row.sources}),
            "without_known_source": sum(not row.sources for row in synthetic),
        },
        "about": dict(export_set.about),
        "cite": citations(),
        "license_note": LICENSE_NOTE,
    }


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write export.json into a finished folder, with what tells later that it is whole."""
    write_json(folder / NAME, {**card, "files": {**_figures(folder), "hashes": checksums.NAME}})
    checksums.write_checksums(folder)


def read_card(folder: Path) -> dict[str, Any] | None:
    """Return what export.json holds, or None where there is none that can be read."""
    try:
        card = parse_json((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return card if isinstance(card, dict) and "content" in card else None


def changes(folder: Path, card: dict[str, Any]) -> list[str]:
    """Return which files of an export were added, changed or lost since it was written.

    Cards of before files.sha256 have only the count and size of all files.
    """
    files = card.get("files")
    if isinstance(files, dict) and "hashes" in files:
        return checksums.changed_files(folder)
    return [] if files == _figures(folder) else ["which ones is not known"]


def _figures(folder: Path) -> dict[str, int]:
    sizes = [p.stat().st_size for p in folder.rglob("*") if p.is_file() and p.name != NAME]
    return {"count": len(sizes), "bytes": sum(sizes)}
