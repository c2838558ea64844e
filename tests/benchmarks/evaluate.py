"""What does `medsynth evaluate` spend its time and memory on?

    OMP_NUM_THREADS=2 python tests/benchmarks/evaluate.py ../shared/data/cvc_clinicdb \
        --folder /tmp/new-folder

DATA holds `images/` and `masks/`. So many of its pairs become the training images of a run
(`--real`), a hundred more its test images; the run is fitted for two steps, for only the size of
its network matters here. Its samples (`--samples`) are training images of another brightness,
turned by a few degrees with their masks, under noise: none is found by its hash.

Of each part: wall and CPU seconds, which stay apart on a machine with other work; milliseconds of
CPU an image that it looks at; and its CPU over "reading", which is no more than the decoding and
checking of all images, once. "segmenters" is the fit of the two that judge masks, which `augment`
has usually left in the run; "features, again" finds all of them in the cache.

Then the peak memory of a process that evaluates a quarter of the samples, and one that evaluates
all: "anonymous" is what it allocates; "mapped" adds pages of files, which the system takes back.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import medsynth
from medsynth.core.keys import key_of
from medsynth.core.types import Mask, Sample
from medsynth.data.index import DataIndex
from medsynth.data.load import load_sample
from medsynth.io.images import write_png
from medsynth.io.runs import Run
from medsynth.quality.features.extractor import open_extractor
from medsynth.store.lineage import Lineage
from medsynth.store.samples import NewSample, SampleStore
from medsynth.workflows.evaluate.by_the_model import by_the_model
from medsynth.workflows.evaluate.case import Case
from medsynth.workflows.evaluate.copied import copied
from medsynth.workflows.evaluate.evaluate import by_features
from medsynth.workflows.evaluate.sets import read_sets
from medsynth.workflows.evaluate.shown_masks import shown_masks
from medsynth.workflows.gates import RunGates
from medsynth.workflows.hardware import choose_device, settle_threads
from medsynth.workflows.recipe import read_run_recipe
from medsynth.workflows.report.write import write_report

VAL, TEST = 12, 100
FIT = {"base.steps": 2, "siamese.steps": 2, "training.grid_every": 1000, "model.codec.steps": 2}
ADD = 100
"""Samples that are put into the store at once."""


def quiet(*_: object) -> None:
    """Progress that nobody sees."""


def build(data: Path, folder: Path, real: int, samples: int, size: int) -> Path:
    """Make the run; return its folder."""
    pairs = sorted((data / "images").iterdir())[: real + VAL + TEST]
    if len(pairs) < real + VAL + TEST:
        raise SystemExit(f"{data} has too few pairs for {real} of train")
    splits = np.repeat(["train", "val", "test"], [real, VAL, TEST])
    np.random.default_rng(0).shuffle(splits)
    for path in pairs:
        mask = next((data / "masks").glob(path.stem + ".*"))
        for kind, file, how in (
            ("images", path, cv2.INTER_AREA),
            ("masks", mask, cv2.INTER_NEAREST),
        ):
            pixels = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
            small = cv2.resize(pixels, (size, size), interpolation=how)
            kept = small if kind == "images" else small[..., 0]
            write_png(folder / "data" / kind / f"{path.stem}.png", kept)
    with (folder / "data" / "split.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("stem", "split"), *zip([p.stem for p in pairs], splits, strict=True)]
        )
    with contextlib.chdir(folder):
        options = FIT | {"data.size": size}
        medsynth.fit("data", recipe="compact", run="run", options=options, device="cpu")
    fill(folder / "run", samples)
    return folder / "run"


def fill(run: Path, samples: int) -> None:
    """Put samples into the store."""
    index = DataIndex.load(run)
    train = index.split("train")
    rng = np.random.default_rng(0)
    store = SampleStore(run / "samples")
    for first in range(0, samples, ADD):
        new = []
        for k in range(first, min(first + ADD, samples)):
            source = train[k % len(train)]
            image, mask = changed(load_sample(index, source), rng)
            sample = Sample(key_of(k), image, mask, "train", "synthetic", source.group)
            lineage = Lineage((source.id,), ({"op": "affine"},), 7, "c" * 64, {}, {})
            new.append(NewSample(sample, k, lineage))
        store.add(new)


def changed(pair: Sample, rng: np.random.Generator) -> tuple[np.ndarray, Mask]:
    """Return a pair turned, its image brighter or darker and under noise."""
    height, width = pair.mask.labels.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-25, 25), 1.1)
    border = {"borderMode": cv2.BORDER_REFLECT}
    image = cv2.warpAffine(pair.image, turn, (width, height), **border)
    labels = cv2.warpAffine(
        pair.mask.labels, turn, (width, height), flags=cv2.INTER_NEAREST, **border
    )
    noisy = image * rng.uniform(0.8, 1.2) + rng.normal(0, 6, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), Mask(labels)


def timed(part: Callable[[], Any], images: int) -> tuple[Any, dict[str, float]]:
    """Return what a part returns, and what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = part()
    spent = time.process_time() - cpu
    figures = {"wall_s": time.perf_counter() - wall, "cpu_s": spent}
    return found, figures | {"cpu_ms_an_image": 1000 * spent / images}


def parts(folder: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield each part with what it took."""
    run, index = Run(folder), DataIndex.load(folder)
    recipe = read_run_recipe(run)
    device = choose_device("cpu")
    settle_threads(recipe.training.threads)
    extractor = open_extractor(recipe.evaluate.features)
    every = len(index.split("train")) + TEST + len(SampleStore(run.samples))
    sets, reading = timed(lambda: read_sets(run, index, recipe.evaluate.max_images), every)
    yield "reading", reading
    case = Case(run, recipe, index, sets, device, quiet)
    judges = RunGates(run, recipe, index, device, quiet).predict()
    some = sets.train.part(slice(0, 1))
    looked = len(sets.made) + len(sets.held_out)
    for name, part, images in (
        ("features", lambda: by_features(case, extractor), every),
        ("features, again", lambda: by_features(case, extractor), every),
        ("segmenters", lambda: judges(some.images, some.groups), len(sets.train)),
        ("agreement", lambda: shown_masks(case), looked),
        ("copies and pixels", lambda: copied(case), looked),
        ("variety and attack", lambda: by_the_model(case), len(sets.held_out)),
        ("report", lambda: write_report(run), len(sets.made)),
    ):
        _, figures = timed(part, images)
        yield name, figures | {"over_reading": figures["cpu_s"] / reading["cpu_s"]}


MEMORY = """
import json, sys, threading, time
from pathlib import Path
from medsynth.workflows.evaluate.evaluate import EvaluateConfig, evaluate
def held():
    lines = Path("/proc/self/status").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith("Rss")}
peak, done = {"RssAnon": 0, "RssFile": 0, "RssShmem": 0}, threading.Event()
def watch():
    while not done.wait(0.02):
        peak.update({key: max(value, held()[key]) for key, value in peak.items()})
base = held()
watcher = threading.Thread(target=watch)
watcher.start()
evaluate(EvaluateConfig(Path(sys.argv[1]), (f"evaluate.max_images={sys.argv[2]}",), "cpu"),
         lambda *_: None)
done.set()
watcher.join()
print(json.dumps({"anonymous_mb": peak["RssAnon"] / 1024, "mapped_mb": sum(peak.values()) / 1024,
                  "images": json.loads((Path(sys.argv[1]) / "evaluation.json").read_text())
                  ["about"]["samples"]}))
"""


def memory(folder: Path, samples: int) -> dict[str, float]:
    """Return the peak memory of a process that evaluates so many samples, all caches filled."""
    command = [sys.executable, "-c", MEMORY, str(folder), str(samples)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--folder", type=Path, required=True, help="a new folder; removed after")
    parser.add_argument("--real", type=int, default=500)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--keep", action="store_true", help="leave the run, or use it again")
    asked = parser.parse_args()
    run = asked.folder / "run"
    try:
        if not (run / "samples").exists():
            build(asked.data.resolve(), asked.folder, asked.real, asked.samples, asked.size)
        shutil.rmtree(run / "cache" / "features", ignore_errors=True)
        shutil.rmtree(run / "gates", ignore_errors=True)
        for name, figures in parts(run):
            print(
                json.dumps({"part": name} | {k: round(v, 2) for k, v in figures.items()}),
                flush=True,
            )
        for samples in (asked.samples // 4, asked.samples):
            print(json.dumps({"part": "memory"} | memory(run, samples)), flush=True)
    finally:
        if not asked.keep:
            shutil.rmtree(asked.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
