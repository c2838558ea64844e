"""Many pairs indexed and many samples exported: rates, and memory that stays flat.

A manifest of a million rows is `tests/benchmarks/store.py`.
"""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from medsynth.core.types import SPLITS, LabelClass, Mask, Sample
from medsynth.data.index import build_index
from medsynth.data.options import DataOptions
from medsynth.exporters.deliver import deliver
from medsynth.exporters.export_set import ExportSet, Row
from medsynth.exporters.exporter import EXPORTERS
from medsynth.exporters.options import ExportOptions

from .tally import Tally

SIDE = 8


def load_long(root: Path, pairs: int, samples: int) -> list[Tally]:
    """Index so many pairs, and export so many samples to each format."""
    tallies = []
    if pairs:
        _draw(root / "many", pairs)
        tallies.append(_measured("pairs indexed", pairs, lambda: _index(root)))
    for name in EXPORTERS.names() if samples else ():
        made = _made(samples)

        def export(name: str = name, made: ExportSet = made) -> None:
            deliver(name, made, root / name, ExportOptions(), lambda *_: None)

        tallies.append(_measured(f"samples exported as {name}", samples, export))
    return tallies


def _measured(kind: str, count: int, work: Callable[[], None]) -> Tally:
    tally, before, began = Tally(kind), _peak_mib_from_now_on(), time.monotonic()
    work()
    tally.add(count, ())
    rate = count / (time.monotonic() - began)
    grown = _peak_mib() - before
    tally.note = f"{rate:.0f} a second, memory {before:.0f} MiB and at most {grown:.0f} more"
    return tally


def _peak_mib() -> float:
    said = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s*(\d+) kB", said)[0]) / 1024


def _peak_mib_from_now_on() -> float:
    """Let Linux forget how much memory there once was; return how much there is."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return _peak_mib()


def _draw(data: Path, pairs: int) -> None:
    rng = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (data / kind).mkdir(parents=True)
    for k in range(pairs):
        image = rng.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
        Image.fromarray(image).save(data / "images" / f"p{k:06d}.bmp")
        mask = np.uint8(255) * (image > 128)
        Image.fromarray(mask).save(data / "masks" / f"p{k:06d}.bmp")


def _index(root: Path) -> None:
    build_index(root / "many", DataOptions(size=SIDE), 0).save(root / "many-index")


def _made(count: int) -> ExportSet:
    """Return samples that are drawn when they are asked for."""
    rows = tuple(
        Row(f"s{k:07d}", SPLITS[k % 3], "real", f"g{k}", content=str(k), image_sha256=f"{k:064x}")
        for k in range(count)
    )
    labels = np.zeros((SIDE, SIDE), np.uint8)
    labels[2:6, 2:6] = 1

    def load(row: Row) -> Sample:
        image = np.full((SIDE, SIDE, 1), int(row.id[1:]) % 256, np.uint8)
        return Sample(row.id, image, Mask(labels), row.split, "real", row.group)

    classes = (LabelClass(0, "background"), LabelClass(1, "polyp"))
    made = ExportSet("load", classes, 1, False, rows, load, (SIDE, SIDE))
    return replace(made, real=rows)
