"""Which codec? Each fits the demo's micrograph for the same minutes, and is measured by its stain.

    python tests/benchmarks/codecs.py --minutes 2 --out codecs.json
    python tests/benchmarks/codecs.py --minutes 2 --taef2 taef2.safetensors \\
        --mobilenet mobilenet_v2-b0353104.pth

One row a codec: round trip of held-out tiles (PSNR, stain Dice), then of the samples of a fit
with that codec: stain Dice with the masks asked for, with shuffled masks, residual noise against
real tiles, and with --mobilenet the KID of MobileNetV2 features to the training tiles (beside
that of held-out real tiles). The baseline is `haar`, which needs no fit of its own. The codec's
own fit counts into the minutes. Minutes are this process's CPU time (set OMP_NUM_THREADS=1), so
that what else the machine does is no disadvantage.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

import medsynth.training.generator as generator_module
import medsynth.training.measure as measure_module
import medsynth.workflows.fit.estimate as estimate_module
import medsynth.workflows.fit.fit as fit_module
from medsynth.data.load import load_sample
from medsynth.data.records import DataIndex
from medsynth.io.runs import Run
from medsynth.model.mobilenet import MobileNetV2, load_mobilenet
from medsynth.model.pixels import to_tensor
from medsynth.quality.kid import kernel_distance
from medsynth.quality.overlap import pooled_dice
from medsynth.quality.stain import StainRule
from medsynth.store.samples import SampleStore
from medsynth.workflows.demo import DemoConfig, demo
from medsynth.workflows.model import load_codec
from medsynth.workflows.recipe import read_run_recipe

CODECS = {
    "haar, factor 4": {"name": "haar", "factor": 4, "whitening": 0},
    "haar, factor 8": {"name": "haar", "factor": 8, "whitening": 0},
    "patches, factor 4, 16 of 48": {"name": "patches", "factor": 4, "channels": 16},
    "patches, factor 8, 32 of 192": {"name": "patches", "factor": 8, "channels": 32},
    "autoencoder, factor 4, 8": {"name": "autoencoder", "factor": 4, "channels": 8, "width": 32},
}


def count_cpu_time() -> None:
    """Let fits measure their budgets by this process's CPU time."""
    clock = SimpleNamespace(perf_counter=time.process_time, monotonic=time.process_time)
    for module in (measure_module, estimate_module, fit_module, generator_module):
        module.time = clock


@contextmanager
def quiet(label):
    yield lambda *_: None


def measure(
    codec: dict[str, object], minutes: float, features: MobileNetV2 | None
) -> dict[str, float]:
    started = time.process_time()
    sets = [f"model.codec.{key}={value}" for key, value in codec.items()]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "demo"
        config = DemoConfig(out, 64, tuple(sets), max_minutes=minutes)
        result = demo(config, quiet)
        return {
            **round_trip(Run(result.run)),
            "dice": result.dice,
            "dice_shuffled": result.dice_shuffled,
            "noise_ratio": result.noise_ratio,
            **({} if features is None else distances(Run(result.run), features)),
            "fit_minutes": result.fit_s / 60,
            "minutes": (time.process_time() - started) / 60,
        }


def distances(run: Run, features: MobileNetV2) -> dict[str, float]:
    index = DataIndex.load(run.path)
    store = SampleStore(run.samples)
    sets = {
        "train": [load_sample(index, item).image for item in index.split("train")],
        "test": [load_sample(index, item).image for item in index.split("test")],
        "synthetic": [sample.image for sample in store.samples()],
    }
    found = {name: features(to_tensor(images)).numpy() for name, images in sets.items()}
    return {
        "kid": kernel_distance(found["synthetic"], found["train"]),
        "kid_held_out": kernel_distance(found["test"], found["train"]),
    }


def round_trip(run: Run) -> dict[str, float]:
    from skimage.data import immunohistochemistry

    rule = StainRule.fitted(immunohistochemistry())
    index = DataIndex.load(run.path)
    samples = [load_sample(index, item) for item in index.split("test")]
    images = to_tensor([sample.image for sample in samples]) * 2 - 1
    codec = load_codec(run, read_run_recipe(run), index.channels)
    with torch.no_grad():
        back = codec.decode(codec.encode(images))
    psnr = float(10 * torch.log10(4 / (back - images).square().mean().clamp_min(1e-12)))
    pictures = ((back + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    found = [rule.mask(np.ascontiguousarray(picture)) for picture in pictures]
    return {
        "round_trip_psnr_db": min(psnr, 99.0),
        "round_trip_dice": pooled_dice(found, [sample.mask.labels for sample in samples]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0, help="of each fit")
    parser.add_argument("--taef2", type=Path, help="taef2.safetensors, to compare it too")
    parser.add_argument("--mobilenet", type=Path, help="MobileNetV2's weights, for the KID")
    parser.add_argument("--only", nargs="*", help="names of codecs, all by default")
    parser.add_argument("--out", type=Path, help="write the rows as JSON")
    arguments = parser.parse_args()
    codecs: dict[str, dict[str, object]] = dict(CODECS)
    if arguments.taef2:
        codecs["taef2"] = {"name": "taef2", "factor": 8, "weights": str(arguments.taef2.resolve())}
    count_cpu_time()
    features = None if arguments.mobilenet is None else load_mobilenet(arguments.mobilenet)
    rows = {}
    for name, codec in codecs.items():
        if arguments.only and name not in arguments.only:
            continue
        measured = measure(codec, arguments.minutes, features)
        rows[name] = {k: round(v, 4) for k, v in measured.items()}
        print(name, rows[name], flush=True)
        if arguments.out:
            arguments.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
