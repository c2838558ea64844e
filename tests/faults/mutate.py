"""Changes to bytes and to plain values, such as damage and malice make them."""

from __future__ import annotations

import random
import struct
from typing import Any

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 60_000, 0x7FFFFFFF, 0xFFFFFFFF)
HOSTILE: tuple[Any, ...] = (
    10**30, -(10**30), -1, 0, 1, 1e308, float("nan"), float("inf"), 0.5, True, None, "", [], {},
    "0", "../../outside.png", "/etc/passwd", "a\nb", "\u202egnp.a", "\x00", "\ud800", "=cmd()",
    "-x", "²", "x" * 300, [[[[[]]]]], {"counts": "~" * 50, "size": [9, 12]}, [1e9] * 8,
    list(range(500)),
)  # fmt: skip


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return the data after one to four changes."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(min(len(changed), rng.choice((40, 400, 10**9))) or 1)
        rng.choice(BYTES)(changed, at, rng)
    return bytes(changed)


def _flip(data: bytearray, at: int, rng: random.Random) -> None:
    data[at : at + 1] = bytes([rng.randrange(256)])


def _number(data: bytearray, at: int, rng: random.Random) -> None:
    value, order = rng.choice(EXTREMES), rng.choice("<>")
    packed = struct.pack(order + ("I" if value > 0xFFFF or rng.random() < 0.5 else "H"), value)
    data[at : at + len(packed)] = packed


def _cut(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at : at + rng.choice((1, 4, 50, 10**9))]


def _double(data: bytearray, at: int, rng: random.Random) -> None:
    data[at:at] = data[at : at + rng.randint(1, 60)]


def _noise(data: bytearray, at: int, rng: random.Random) -> None:
    data[at:at] = rng.randbytes(rng.randint(1, 30))


BYTES = (_flip, _flip, _number, _number, _cut, _double, _noise)


def poisoned(value: Any, rng: random.Random) -> Any:
    """Return plain values, with a hostile one somewhere among them."""
    if not isinstance(value, dict | list) or not value or rng.random() < 0.12:
        return rng.choice(HOSTILE)
    if isinstance(value, list):
        at = rng.randrange(len(value))
        return [poisoned(each, rng) if k == at else each for k, each in enumerate(value)]
    key = rng.choice(list(value))
    if rng.random() < 0.1:
        return {name: each for name, each in value.items() if name != key}
    if rng.random() < 0.1:
        return {**value, str(rng.choice(HOSTILE)): value[key]}
    return {**value, key: poisoned(value[key], rng)}
