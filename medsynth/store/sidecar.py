"""manifest.cache: what the first lines of a manifest say, so that they need not be parsed.

A cache and no more: it may be deleted, and one that does not fit is not believed. It says
how many bytes of the manifest it covers and holds a hash of the last of these, so that it
fits that manifest alone; and a hash of itself.

One line of JSON (format, covered bytes, rows, pages, hashes), then little-endian arrays:
the rows' byte offsets with the end (uint64), the numbers of the pages (uint64), the pages
of `store.settled`.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from medsynth.io.atomic import write_bytes
from medsynth.io.hashing import hash_bytes
from medsynth.io.json_text import parse_json
from medsynth.store.settled import PAGE, Settled

FORMAT = 1
BLOCK_BYTES = 1 << 16
"""So much of the manifest before the end of what is covered ties the two together."""
MOST_HEAD_BYTES = 1 << 12


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of the first rows of a manifest.

    starts: byte offset of each row, and of the end of the last.
    settled: the entries of the plan that they settle.
    """

    starts: array[int]
    settled: Settled


def write_sidecar(path: Path, manifest: Path, known: Known) -> None:
    """Write what is known, atomically; the manifest's rows are on the disk already."""
    pages = list(known.settled.pages())
    numbers = np.array([number for number, _ in pages], "<u8")
    starts = np.frombuffer(known.starts, np.uint64).astype("<u8")
    payload = b"".join([starts.tobytes(), numbers.tobytes(), *(page for _, page in pages)])
    head = _head(manifest, known.starts[-1], len(known.starts) - 1, len(pages))
    head["sha256"] = _own_hash(head, payload)
    write_bytes(path, json.dumps(head).encode() + b"\n" + payload)


def read_sidecar(path: Path, manifest: Path) -> Known | None:
    """Return what is known of the manifest as it is now, or None where nothing can be believed."""
    try:
        data = path.read_bytes()
        line, _, payload = data[:MOST_HEAD_BYTES].partition(b"\n")
        payload = data[len(line) + 1 :]
        head = dict(parse_json(line))
        sha256 = head.pop("sha256")
        covered, rows, pages = (int(head[key]) for key in ("bytes", "rows", "pages"))
        if head != _head(manifest, covered, rows, pages) or sha256 != _own_hash(head, payload):
            return None
        return _unpacked(payload, rows, pages)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _head(manifest: Path, covered: int, rows: int, pages: int) -> dict[str, Any]:
    """Return the head for a manifest whose first `covered` bytes are known."""
    size = min(covered, BLOCK_BYTES)
    with manifest.open("rb") as file:
        file.seek(covered - size)
        block = file.read(size)
    return {
        "format": FORMAT,
        "bytes": covered,
        "rows": rows,
        "pages": pages,
        "block_sha256": hash_bytes(block),
    }


def _own_hash(head: dict[str, Any], payload: bytes) -> str:
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
    digest.update(payload)
    return digest.hexdigest()


def _unpacked(payload: bytes, rows: int, pages: int) -> Known:
    ends = 8 * (rows + 1)
    first_page = ends + 8 * pages
    starts = array("Q")
    starts.frombytes(np.frombuffer(payload[:ends], "<u8").astype(np.uint64).tobytes())
    numbers = np.frombuffer(payload[ends:first_page], "<u8").tolist()
    places = range(first_page, len(payload), PAGE)
    parts = (payload[place : place + PAGE] for place in places)
    settled = Settled.from_pages(iter(zip(numbers, parts, strict=True)))
    if len(settled) != rows or len(starts) != rows + 1:
        raise ValueError("the arrays do not belong together")
    return Known(starts, settled)
