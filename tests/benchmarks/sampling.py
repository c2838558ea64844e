"""How fast can images be made, at what quality?

    MEDSYNTH_TAEF2=... python tests/benchmarks/sampling.py RUN --sweep
    MEDSYNTH_TAEF2=... python tests/benchmarks/sampling.py RUN --speed
    python tests/benchmarks/sampling.py RUN --profile

RUN is a fitted run; its plan's first masks are made into images with each setting, the same
masks and seeds for all. Beside each: KID against the held-out images (MobileNetV2's features),
mask agreement (the Dice of cross-fitted segmenters, those of the gates), and variety (mean
perceptual distance among samples of one mask).

--sweep     steps x solver x spacing x guidance scale x interval, quality alone: one line a setting
--speed     images a second of the default, of the published procedure (DDIM-50, leading, guidance
            9, one at a time) and of DDIM-50 at its own best guidance and batch, by turns
--profile   the share of the time of an `augment` that is spent inside the networks
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
import torch

from medsynth.core.seeds import derive_seed
from medsynth.data.index import DataIndex
from medsynth.io.runs import Run
from medsynth.model.hints import mask_hint
from medsynth.model.mobilenet import load_mobilenet, weights_in_wheel
from medsynth.quality.features.extract import extract
from medsynth.quality.features.extractor import open_extractor
from medsynth.quality.kid import kernel_distance
from medsynth.quality.overlap import mean_dice
from medsynth.quality.perceptual import diversity_within
from medsynth.sampling.sampler import synthesize
from medsynth.store.samples import SampleStore
from medsynth.workflows.augment.planned_work import PlannedWork
from medsynth.workflows.augment.synthesis import Synthesis
from medsynth.workflows.gates import RunGates, load_labelled
from medsynth.workflows.model import load_fitted
from medsynth.workflows.recipe import read_run_recipe


class Bench:
    """A fitted run, some planned masks, and what judges the images."""

    def __init__(self, folder: Path, n: int) -> None:
        self.run = Run(folder)
        self.recipe = read_run_recipe(self.run)
        self.index = DataIndex.load(folder)
        self.fitted = load_fitted(self.run, self.recipe, self.index)
        work = PlannedWork(Run(folder), self.recipe, self.index, self.recipe.seed)
        blocks = -(-n // self.recipe.sampling.batch)
        wanted = [each for k in range(blocks) for each in work.block(k)][:n]
        self.wanted = wanted
        self.labels = np.stack([each.mask.labels for each in wanted])
        self.hints = np.stack([mask_hint(w.mask.labels, w.mask.instances) for w in wanted])
        cpu = torch.device("cpu")
        gates = RunGates(self.run, self.recipe, self.index, cpu, lambda *_: None)
        self.predict = gates.predict()
        self.extractor = open_extractor("mobilenet")
        self.network = load_mobilenet(weights_in_wheel())
        held_out = [*self.index.split("val"), *self.index.split("test")]
        real = load_labelled(self.index, held_out).images
        self.real = extract(self.extractor, real, self.run.cache / "features").values

    def options(self, **changed):
        return self.recipe.sampling.model_copy(update=changed)

    def images(self, options, rows=slice(None), again: int = 0) -> np.ndarray:
        wanted, hints = self.wanted[rows], self.hints[rows]
        seeds = [derive_seed(self.recipe.seed, "bench", w.key, again) for w in wanted]
        told = self.fitted.told.conditions([w.attributes for w in wanted])
        size = options.batch
        parts = [
            synthesize(
                self.fitted.network, self.fitted.codec, hints[k : k + size],
                seeds[k : k + size], options, told.take(np.arange(len(wanted))[k : k + size]),
            )
            for k in range(0, len(wanted), size)
        ]  # fmt: skip
        return np.concatenate(parts)

    def quality(self, options, images=None) -> dict[str, float]:
        images = self.images(options) if images is None else images
        shown = self.predict(images, [w.groups for w in self.wanted[: len(images)]])
        features = extract(self.extractor, images).values
        few = [np.stack([self.images(options, slice(k, k + 1), a)[0] for a in range(3)])
               for k in range(3)]  # fmt: skip
        return {
            "kid": round(kernel_distance(features, self.real), 4),
            "dice": round(float(np.mean([mean_dice(a, b) for a, b in zip(
                shown, self.labels[: len(images)], strict=True)])), 4),
            "variety": round(float(np.mean([diversity_within(self.network, f) for f in few])), 3),
        }  # fmt: skip


def sweep(bench: Bench, settings) -> None:
    for setting in settings:
        options = bench.options(**setting)
        started = time.process_time()
        images = bench.images(options)
        spent = time.process_time() - started
        found = bench.quality(options, images)
        line = {**setting, **found, "cpu_s_an_image": round(spent / len(images), 3)}
        print(json.dumps(line), flush=True)


def settings_of_sweep():
    whole, middle, late = (0.0, 1.0), (0.2, 0.8), (0.0, 0.6)
    for steps, solver in product((8, 12, 20), ("unipc", "dpm++", "ddim")):
        yield named(solver, steps, "trailing", 1.0, whole)
    for spacing in ("quadratic", "leading"):
        yield named("unipc", 12, spacing, 1.0, whole)
    for scale, interval in product((1.5, 2.5, 4.0), (whole, middle, late)):
        yield named("unipc", 12, "trailing", scale, interval)
    yield named("ddim", 50, "leading", 9.0, whole)
    for scale in (1.0, 1.5, 2.5):
        yield named("ddim", 50, "leading", scale, whole)


def named(solver, steps, spacing, scale, interval):
    low, high = interval
    return {"solver": solver, "steps": steps, "spacing": spacing, "guidance_scale": scale,
            "guidance_from": low, "guidance_to": high}  # fmt: skip


def speed(bench: Bench, rounds: int, best_scale: float) -> None:
    whole = (0.0, 1.0)
    ways = {
        "default": bench.options(),
        "published": bench.options(**named("ddim", 50, "leading", 9.0, whole), batch=1),
        "ddim-50": bench.options(**named("ddim", 50, "leading", best_scale, whole)),
    }
    rows = {"default": 16, "published": 2, "ddim-50": 16}
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, options in ways.items():
            started = time.perf_counter()
            bench.images(options, slice(0, rows[name]))
            spent[name].append((time.perf_counter() - started) / rows[name])
    each = {name: float(np.median(times)) for name, times in spent.items()}
    found = {
        name: {"s_an_image": round(each[name], 3),
               "default_is_faster_by": round(each[name] / each["default"], 2),
               **bench.quality(options.model_copy(update={"batch": bench.options().batch}))}
        for name, options in ways.items()
    }  # fmt: skip
    print(json.dumps(found, indent=1))


def profile(bench: Bench) -> None:
    """Time inside U-Net, ControlNet, codec and segmenters, of two blocks made one by one."""
    inside, deep = [0.0], [0]

    def enter(*_):
        deep[0] += 1
        if deep[0] == 1:
            inside[0] -= time.perf_counter()

    def leave(*_):
        deep[0] -= 1
        if deep[0] == 0:
            inside[0] += time.perf_counter()

    gates = RunGates(bench.run, bench.recipe, bench.index, torch.device("cpu"), lambda *_: None)
    gates.prepare()
    network, codec = bench.fitted.network, bench.fitted.codec
    control = network.controlnet
    parts = [network.encoder, network.decoder, control.encoder, control.controlnet_cond_embedding]
    parts += gates.gates["faithful"].context.predict.networks()
    for part in parts:
        part.register_forward_pre_hook(enter)
        part.register_forward_hook(leave)
    decode = codec.decode

    def decoded(z):
        enter()
        found = decode(z)
        leave()
        return found

    codec.decode = decoded
    synthesis = Synthesis(bench.fitted, bench.recipe.sampling, 0, gates.judge, 0)
    with tempfile.TemporaryDirectory() as folder:
        store = SampleStore(Path(folder))
        work = PlannedWork(Run(bench.run.path), bench.recipe, bench.index, bench.recipe.seed)
        started = time.perf_counter()
        for number in range(2):
            store.add(synthesis.make(work.block(number)))
        whole = time.perf_counter() - started
    print(json.dumps({"inside_networks": round(inside[0] / whole, 3), "seconds": round(whole, 1)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--n", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--best-scale", type=float, default=1.5, help="of DDIM-50, by the sweep")
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    bench = Bench(arguments.run, arguments.n)
    if arguments.sweep:
        sweep(bench, settings_of_sweep())
    if arguments.speed:
        speed(bench, arguments.rounds, arguments.best_scale)
    if arguments.profile:
        profile(bench)


if __name__ == "__main__":
    main()
