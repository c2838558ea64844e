"""What does the sample store cost a sample, and does that grow?

    python tests/benchmarks/store.py --samples 100000 --rows 1000000 --folder /tmp/store

A stub stands for the network: its images are smooth noise of --size pixels, three channels,
made before the clock starts. Printed as one JSON object:

cost        milliseconds a sample of `SampleStore.add` in batches of --batch, over the samples
            before the 100th, 1,000th, ... and the last one; `plain_ms`: the same pictures, encoded
            alike and written to files without fsync, in the same run, in turns; `ratio` of both;
            open files, memory
one_by_one  the same, each file with an fsync of its own and of its folder, as the store once did
shares      where the time of `add` goes, by cProfile, as shares of the whole
resume      seconds to open the store at its full length and to find where to go on
million     a manifest of --rows rows with lineage, steps and gates (without pictures): its size,
            seconds to open it with its cache (also when the system has forgotten both files) and
            without, and how much memory that takes, each in a process of its own
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from scipy import ndimage

from medsynth.core.keys import key_of
from medsynth.core.types import Mask, Sample
from medsynth.io.atomic import write_bytes
from medsynth.io.images import encode_png
from medsynth.store.ledger import Ledger
from medsynth.store.lineage import Lineage
from medsynth.store.manifest import ManifestRow
from medsynth.store.samples import GivenUp, NewSample, SampleStore

STEPS = (
    {"op": "affine", "params": {"angle_deg": 12.25, "scale": 1.0625, "shift_px": [3.5, -7.25]}},
    {"op": "elastic", "params": {"alpha_px": 4.5, "sigma_px": 8.0, "seed": 8731264518723}},
    {"op": "copy-paste", "params": {"place": [31, 40]}, "donors": ["patient-07-slice-113"]},
)
SAMPLER = {"solver": "unipc", "steps": 20, "guidance_scale": 1.5, "batch": 8, "checkpoint": "last"}
VERDICT = {"score": 0.8125, "threshold": 0.55, "percentile": 0.34, "passed": True}
GATES = {"attempt": 0, "verdicts": {"trivial": VERDICT, "faithful": VERDICT}, "refused": []}
LINEAGE = Lineage(
    ("patient-03-slice-021", "patient-07-slice-113"), STEPS, 7, "c" * 64, SAMPLER, GATES
)
DISTINCT = 64


class StubNetwork:
    """Gives one of some pictures made beforehand: what the network costs is not asked here."""

    def __init__(self, size: int) -> None:
        rng = np.random.default_rng(0)
        self.pictures = []
        for _ in range(DISTINCT):
            soft = ndimage.gaussian_filter(rng.normal(0, 1, (size, size, 3)), (3, 3, 0))
            grey = 255 * (soft - soft.min()) / np.ptp(soft) + rng.normal(0, 2, soft.shape)
            image = np.clip(grey, 0, 255).astype(np.uint8)
            self.pictures.append((image, (soft[..., 0] > 0.1).astype(np.uint8)))

    def item(self, index: int) -> NewSample:
        image, labels = self.pictures[index % DISTINCT]
        mask = Mask(labels)
        sample = Sample(key_of(index), image, mask, "train", "synthetic", "patient-03+patient-07")
        return NewSample(sample, index, LINEAGE)


def plainly(folder: Path, items: list[NewSample]) -> None:
    """The baseline: encode and write, nothing more."""
    for item in items:
        for kind, array in (("images", item.sample.image), ("masks", item.sample.mask.labels)):
            (folder / kind / f"{item.id}.png").write_bytes(encode_png(array))


def one_by_one(folder: Path, items: list[NewSample]) -> None:
    """The store's files as they were once written: two calls of fsync a file."""
    for item in items:
        for kind, array in (("images", item.sample.image), ("masks", item.sample.mask.labels)):
            write_bytes(folder / kind / f"{item.id}.png", encode_png(array))


def cost(folder: Path, network: StubNetwork, samples: int, batch: int) -> list[dict[str, float]]:
    store = SampleStore(folder / "samples")
    ends = [n for n in (100, 1000, 10_000, 100_000, 1_000_000) if n < samples] + [samples]
    found, spent = [], {"add": 0.0, "plain": 0.0}
    window, first = {}, 0
    for kind in ("images", "masks"):
        (folder / "plain" / kind).mkdir(parents=True)
    for end in ends:
        begin = max(first, end - 1000)
        for start in range(first, end, batch):
            if start >= begin and not window:
                window = dict(spent, n=start)
            items = [network.item(k) for k in range(start, min(start + batch, end))]
            clock = time.perf_counter()
            store.add(items)
            spent["add"] += time.perf_counter() - clock
            if start >= begin:
                clock = time.perf_counter()
                plainly(folder / "plain", items)
                spent["plain"] += time.perf_counter() - clock
        n = end - window["n"]
        add_ms, plain_ms = (1000 * (spent[key] - window[key]) / n for key in ("add", "plain"))
        found.append(
            {
                "samples": len(store),
                "over_the_last": n,
                "add_ms": add_ms,
                "plain_ms": plain_ms,
                "ratio": add_ms / plain_ms,
                "open_files": len(os.listdir("/proc/self/fd")),
                "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
        window, first = {}, end
    return found


def timed(write, items: list[NewSample], batch: int) -> float:
    clock = time.perf_counter()
    for start in range(0, len(items), batch):
        write(items[start : start + batch])
    return 1000 * (time.perf_counter() - clock) / len(items)


def shares(store: SampleStore, items: list[NewSample], batch: int) -> dict[str, float]:
    profile = cProfile.Profile()
    for start in range(0, len(items), batch):
        profile.runcall(store.add, items[start : start + batch])
    spent: dict[str, float] = {}
    for (path, _, name), figures in pstats.Stats(profile).stats.items():
        spent[f"{Path(path).stem}.{name}"] = figures[3]
    named = ("images.encode_png", "file_batch.write", "file_batch._sync_all", "journal.append")
    return {name: spent[name] / spent["samples.add"] for name in named}


def fill(folder: Path, rows: int) -> float:
    """Write the manifest of a million samples; return microseconds a row."""
    ledger = Ledger(folder)
    files = {"images": "a" * 64, "masks": "b" * 64}
    shows = {"classes": [1], "area_px": 512}
    clock = time.perf_counter()
    for start in range(0, rows, 2000):
        ledger.append([
            ManifestRow(
                key_of(k), k, "accepted", files, "patient-03+patient-07", "train", LINEAGE,
                shows=shows,
            )
            for k in range(start, min(start + 2000, rows))
        ])  # fmt: skip
    return 1e6 * (time.perf_counter() - clock) / rows


OPEN = """
import json, resource, sys, time
from pathlib import Path
from medsynth.store.samples import SampleStore
def rss():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
before, clock = rss(), time.perf_counter()
store = SampleStore(Path(sys.argv[1]))
place = store.first_open()
last = store.row(place - 1).id
elapsed = time.perf_counter() - clock
peak = 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
print(json.dumps({"open_s": elapsed, "rows": len(store), "first_open": place, "last": last,
                  "held_bytes_a_row": (rss() - before) / max(len(store), 1),
                  "peak_rss_mb": peak / 2**20}))
"""


def opened(folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(folder)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def forget(*paths: Path) -> None:
    """Let the system drop what it keeps of the files in memory."""
    for path in paths:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def million(folder: Path, rows: int) -> dict[str, object]:
    found: dict[str, object] = {"append_us_a_row": fill(folder, rows)}
    manifest, cache = folder / "manifest.jsonl", folder / "manifest.cache"
    found["manifest_mb"] = manifest.stat().st_size / 2**20
    found["cache_mb"] = cache.stat().st_size / 2**20
    found["with_cache"] = opened(folder)
    forget(manifest, cache)
    found["with_cache_from_disk"] = opened(folder)
    clock = time.perf_counter()
    SampleStore(folder).add([GivenUp(key_of(rows), rows, LINEAGE, "flat")])
    found["open_and_add_one_s"] = time.perf_counter() - clock
    cache.unlink()
    found["without_cache"] = opened(folder)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--folder", type=Path, required=True, help="a new folder; removed after")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True)
    try:
        network = StubNetwork(asked.size)
        found: dict[str, object] = {
            "what": f"stub network, {asked.size}x{asked.size} RGB, batches of {asked.batch}",
            "cost": cost(asked.folder, network, asked.samples, asked.batch),
        }
        store = asked.folder / "samples"
        items = [network.item(k) for k in range(asked.samples, asked.samples + 1000)]
        old = timed(lambda some: one_by_one(asked.folder / "plain", some), items, asked.batch)
        found["one_by_one_ms"] = old
        found["resume"] = opened(store)
        found["shares"] = shares(SampleStore(store), items, asked.batch)
        found["million"] = million(asked.folder / "million", asked.rows)
        print(json.dumps(found, indent=1))
    finally:
        shutil.rmtree(asked.folder)


if __name__ == "__main__":
    main()
