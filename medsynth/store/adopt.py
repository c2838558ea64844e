"""Taking samples over from other stores: files and rows as they are, byte by byte."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from medsynth.core.errors import InputError
from medsynth.io.atomic import TEMPORARY_PREFIX, remove_leftovers, sync_folder, write_bytes
from medsynth.io.hashing import hash_bytes
from medsynth.store.files import KINDS, path_of
from medsynth.store.journal import Journal
from medsynth.store.manifest import ManifestRow

ROWS_AT_ONCE = 256
"""Rows that are written together, after their files."""


def adopt(folder: Path, rows: Iterable[tuple[ManifestRow, Path]]) -> int:
    """Add rows of other stores to the store in `folder`; return how many.

    Files are linked where both lie on one disk, and copied elsewhere; each is checked against
    its row. As ever, the manifest's lines come after their files: killed in between, the same
    call goes on with what is missing. For the writer alone, with no other store open on it.

    Args:
        folder: the samples folder that grows.
        rows: new rows, and the samples folder that each comes from.

    Raises:
        InputError: a file is missing, or not the one that its row names.
    """
    for kind in KINDS:
        remove_leftovers(folder / kind)
    journal, left, count = Journal(folder / "manifest.jsonl"), iter(rows), 0
    while some := list(islice(left, ROWS_AT_ONCE)):
        for row, source in some:
            for kind, sha256 in row.files.items():
                bring(path_of(source, kind, row.id), path_of(folder, kind, row.id), sha256)
        for kind in {kind for row, _ in some for kind in row.files}:
            sync_folder(folder / kind)
        journal.append([row.to_json() for row, _ in some])
        count += len(some)
    return count


def bring(source: Path, target: Path, sha256: str) -> None:
    """Give a file a second place, as a link or a copy.

    Raises:
        InputError: it is missing, or has another hash.
    """
    try:
        data = source.read_bytes()
    except FileNotFoundError:
        data = b""
    if hash_bytes(data) != sha256:
        raise InputError(
            f"{source} is missing, or not the file that its manifest names (SHA-256).",
            f"Restore it from a copy, or delete {source.parents[2]} and make that shard again.",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f"{TEMPORARY_PREFIX}{target.name}")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:  # another disk, or one that knows no links
        write_bytes(target, data)
        return
    os.replace(temporary, target)
    temporary.unlink(missing_ok=True)  # where both were one file already, replacing does nothing
