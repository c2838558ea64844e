"""What does an export cost over the plain writing of the same files?

    python tests/benchmarks/exports.py --n 400 --size 384

A set of N images with blobs as masks lies in memory, so that reading costs nothing. Each
format is written by `deliver`, with one worker and with two, against a floor in the same run
that makes the same files with nothing but the library: Pillow's PNG encoder for folders, h5py
for HDF5, pycocotools' `encode` with the PNGs for COCO. The floor syncs its files to the disk as
`deliver` does. The best of --repeats is taken, turn by turn. Printed as one JSON object:

ratio           seconds of the export by seconds of its floor, one worker
cpu_ratio       the same in seconds of the processor, which a busy machine disturbs less
two_workers     seconds with one worker by seconds with two; says nothing on a busy machine
of_processes    what two workers (threads) reach of two processes with half of the set each,
                measured turn by turn: this, and the next, a busy machine disturbs less
held            share of the processor's time in which no other thread may run (the GIL): all
                but PNG and zlib encoding, writing and syncing files, which let others run
peak_mb         memory that a process takes at most for N and for 10 N samples, above what it
                had before, one worker (resident; each in a process of its own)
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import resource
import tempfile
import time
import zlib
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from unittest import mock

import h5py
import numpy as np
from PIL import Image
from scipy import ndimage

from medsynth.core.types import LabelClass, Mask, Sample
from medsynth.exporters.deliver import deliver
from medsynth.exporters.export_set import ExportSet, Row
from medsynth.exporters.exporter import EXPORTERS
from medsynth.exporters.options import ExportOptions

DISTINCT = 16
LEVEL = 3


def make_set(n: int, size: int, channels: int) -> ExportSet:
    """N rows over a few distinct images: smooth ones with noise, as tissue compresses."""
    rng = np.random.default_rng(0)
    images, masks = [], []
    for _ in range(DISTINCT):
        smooth = ndimage.gaussian_filter(rng.normal(size=(size, size)), size / 20)
        scaled = 128 + smooth / smooth.std() * 40
        image = scaled[..., None] + rng.normal(scale=4, size=(size, size, channels))
        images.append(image.clip(0, 255).astype(np.uint8))
        masks.append((smooth > smooth.std()).astype(np.uint8))
    rows = tuple(
        Row(f"s{k:06d}", "train" if k % 10 else "val", "real", f"g{k}", content=str(k))
        for k in range(n)
    )

    def load(row: Row) -> Sample:
        k = int(row.id[1:]) % DISTINCT
        return Sample(row.id, images[k], Mask(masks[k]), row.split, "real", row.group)

    classes = (LabelClass(0, "background"), LabelClass(1, "lesion"))
    return ExportSet("bench", classes, channels, False, rows, load, hw=(size, size), real=rows)


def png(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    array = array[..., 0] if array.shape[-1] == 1 else array
    Image.fromarray(array).save(buffer, format="PNG", compress_level=LEVEL)
    return buffer.getvalue()


def sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())


def plain_folder(export_set: ExportSet, out: Path) -> None:
    for kind in ("images", "masks"):
        (out / kind).mkdir(parents=True)
    for row in export_set.rows:
        sample = export_set.load(row)
        (out / "images" / f"{row.id}.png").write_bytes(png(sample.image))
        (out / "masks" / f"{row.id}.png").write_bytes(png(sample.mask.labels))
    sync(out)


def plain_hdf5(export_set: ExportSet, out: Path) -> None:
    out.mkdir()
    n, (height, width) = len(export_set), export_set.hw
    shapes = {"images": (height, width, export_set.channels), "masks": (height, width)}
    with h5py.File(out / "x.h5", "w") as file:
        made = {
            name: file.create_dataset(
                name, (n, *shape), np.uint8, chunks=(1, *shape), compression="gzip"
            )
            for name, shape in shapes.items()
        }
        for k, row in enumerate(export_set.rows):
            sample = export_set.load(row)
            made["images"][k], made["masks"][k] = sample.image, sample.mask.labels
    sync(out)


def plain_coco(export_set: ExportSet, out: Path) -> None:
    from pycocotools import mask as coder

    (out / "images").mkdir(parents=True)
    found = []
    for row in export_set.rows:
        sample = export_set.load(row)
        (out / "images" / f"{row.id}.png").write_bytes(png(sample.image))
        numbered, count = ndimage.label(sample.mask.labels, structure=np.ones((3, 3)))
        for k in range(1, count + 1):
            run = coder.encode(np.asfortranarray(numbered == k, dtype=np.uint8))
            box, area = coder.toBbox(run).tolist(), int(coder.area(run))
            counts = run["counts"].decode("ascii")
            found.append({"bbox": box, "area": area, "segmentation": counts})
    (out / "x.json").write_text(json.dumps(found))
    sync(out)


FLOORS = {
    "folder": plain_folder,
    "mmseg": plain_folder,
    "nnunet": plain_folder,
    "monai": plain_folder,
    "huggingface": plain_folder,
    "yolo-semantic": plain_folder,
    "hdf5": plain_hdf5,
    "coco": plain_coco,
}


def timed(function, *args) -> tuple[float, float]:
    """Return seconds by the clock and of the processor."""
    with tempfile.TemporaryDirectory() as folder:
        started, busy = time.perf_counter(), time.process_time()
        function(*args, Path(folder) / "out")
        return time.perf_counter() - started, time.process_time() - busy


def exported(name: str, export_set: ExportSet, workers: int, out: Path) -> None:
    deliver(name, export_set, out, ExportOptions(workers=workers), lambda *_: None)


def by_processes(name: str, export_set: ExportSet, out: Path) -> None:
    """Export two halves of the set by two processes, each on its own."""
    out.mkdir()
    context = multiprocessing.get_context("fork")
    halves = [replace(export_set, rows=export_set.rows[k::2]) for k in range(2)]
    workers = [
        context.Process(target=exported, args=(name, half, 1, out / str(k)))
        for k, half in enumerate(halves)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0


def held_share(name: str, export_set: ExportSet) -> float:
    """Return the share of the processor's time outside of what is known to let threads run."""
    released = [0.0]

    def noting(function):
        def noted(*args, **kwargs):
            started = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                released[0] += time.thread_time() - started

        return noted

    class Noted:
        """A C object one of whose methods is timed."""

        def __init__(self, inner, *methods):
            self._inner, self._methods = inner, methods

        def __getattr__(self, key):
            found = getattr(self._inner, key)
            return noting(found) if key in self._methods else found

    encoder, compressor = Image._getencoder, zlib.compressobj
    with ExitStack() as stack:
        for target, key, function in (
            (Image, "_getencoder", lambda *a, **k: Noted(encoder(*a, **k), "encode")),
            (zlib, "compressobj", lambda *a, **k: Noted(compressor(*a, **k), "compress", "flush")),
            (zlib, "compress", noting(zlib.compress)),
            (Path, "write_bytes", noting(Path.write_bytes)),
            (os, "fsync", noting(os.fsync)),
        ):
            stack.enter_context(mock.patch.object(target, key, function))
        busy = timed(exported, name, export_set, 1)[1]
    return round(1 - released[0] / busy, 2)


def peak_mb(name: str, n: int, size: int, channels: int) -> float:
    """Return how much the peak of resident memory grows in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (name, n, size, channels))


def _peak(name: str, n: int, size: int, channels: int) -> float:
    export_set = make_set(n, size, channels)
    timed(exported, name, make_set(4, size, channels), 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    timed(exported, name, export_set, 1)
    return round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("formats", nargs="*", default=EXPORTERS.names())
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory-n", type=int, default=100, help="0: not measured")
    args = parser.parse_args()
    found = {}
    for name in args.formats:
        channels = 1 if name == "transunet" else 3
        export_set = make_set(args.n, args.size, channels)
        times: dict[str, list[tuple[float, float]]] = {
            "one": [],
            "two": [],
            "halves": [],
            "floor": [],
        }
        for _ in range(args.repeats):
            if name in FLOORS:
                times["floor"].append(timed(FLOORS[name], export_set))
            times["one"].append(timed(exported, name, export_set, 1))
            times["two"].append(timed(exported, name, export_set, 2))
            times["halves"].append(timed(by_processes, name, export_set))
        best = {key: min(clock for clock, _ in runs) for key, runs in times.items() if runs}
        cpu = {key: min(busy for _, busy in runs) for key, runs in times.items() if runs}
        entry = {key: round(value, 2) for key, value in best.items()}
        if "floor" in best:
            entry["ratio"] = round(best["one"] / best["floor"], 2)
            entry["cpu_ratio"] = round(cpu["one"] / cpu["floor"], 2)
        entry["two_workers"] = round(best["one"] / best["two"], 2)
        entry["of_processes"] = round(best["halves"] / best["two"], 2)
        entry["held"] = held_share(name, export_set)
        if args.memory_n:
            entry["peak_mb"] = [
                peak_mb(name, count, args.size, channels)
                for count in (args.memory_n, 10 * args.memory_n)
            ]
        found[name] = entry
        print(f"# {name}: {json.dumps(entry)}", flush=True)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
