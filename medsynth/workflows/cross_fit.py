"""Segmenters fitted without one part of the training groups each, kept in the run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from medsynth.core.errors import InputError
from medsynth.core.seeds import derive_seed
from medsynth.data.folds import fold_groups
from medsynth.io.atomic import write_text
from medsynth.io.hashing import hash_json, hash_pixels
from medsynth.model.segmenter import Segmenter, build_segmenter, predict_probabilities
from medsynth.model.segmenter_options import SegmenterOptions
from medsynth.quality.gates.gate import Groups, Pairs
from medsynth.training.checkpoints import load_tensors, save_tensors
from medsynth.training.segmenter import batches_of, fit_segmenter

Report = Callable[[int, int, str], None]


class CrossFitted:
    """Says what images show, by networks that never saw their groups.

    The networks are fitted when they are first asked, and kept in a folder under a name that
    follows from all they depend on.

    Args:
        train: the real pairs to fit on.
        classes: the background included.
        options: the networks and their fit.
        folds: how many; with fewer groups, as many as there are groups.
        seed: of the folds and fits.
        folder: where to keep them.
        data_sha256: a hash of the pairs.
        device: where to compute.
        report: progress, in steps.
    """

    def __init__(
        self,
        train: Pairs,
        classes: int,
        options: SegmenterOptions,
        folds: int,
        seed: int,
        folder: Path,
        data_sha256: str,
        device: torch.device,
        report: Report,
    ) -> None:
        self.train = train
        self.classes = classes
        self.options = options
        self.seed = seed
        self.device = device
        self.report = report
        names = ["+".join(sorted(groups)) for groups in train.groups]
        count = min(folds, len(set(names)))
        self.fold_of = fold_groups(names, count, seed)
        self.folds = [self.fold_of[name] for name in names]
        self.count = count
        key = hash_json([options.model_dump(mode="json"), count, seed, classes, data_sha256])
        self.paths = [folder / f"segmenter-{key[:16]}-{k}.safetensors" for k in range(count)]
        self._networks: list[Segmenter] | None = None

    def __call__(self, images: NDArray[np.uint8], groups: Groups) -> NDArray[np.uint8]:
        """Return (N, H, W) uint8 class ids; see `quality.gates.gate.Predict`."""
        networks = self.networks()
        height, width = images.shape[1:3]
        found = np.zeros((len(images), height, width), np.uint8)
        judges = [self.judge(*each) for each in zip(images, groups, strict=True)]
        for who in sorted(set(judges)):
            rows = [k for k, each in enumerate(judges) if each == who]
            shown = predict_probabilities([networks[who]], images[rows])
            found[rows] = shown.argmax(1).astype(np.uint8)
        return found

    def judge(self, image: NDArray[np.uint8], groups: frozenset[str]) -> int:
        """Return the one network that judges an image.

        Several together see better than one, so no image is judged by more: real images that
        thresholds are calibrated on, and samples, meet the same scale. One that was fitted
        without the groups; any of them, by the image's pixels, where none was fitted on these
        (val, test, a user's mask); and where a mask blends groups of several folds, which each
        network has seen some of, one that lacks some, by the groups' names. The latter may have
        learned the others by heart, and so be too kind.
        """
        folds = sorted({self.fold_of[group] for group in groups if group in self.fold_of})
        key = sorted(groups) if folds else [hash_pixels(image)]
        among = folds or range(self.count)
        return among[derive_seed(self.seed, "judge", *key) % len(among)]

    def networks(self) -> list[Segmenter]:
        """Return the fitted networks, network k fitted without fold k."""
        if self._networks is None:
            self._networks = [self._network(fold) for fold in range(self.count)]
        return self._networks

    def _network(self, fold: int) -> Segmenter:
        path = self.paths[fold]
        channels = self.train.images.shape[-1]
        with suppress(InputError, RuntimeError):  # not there, or damaged: it is fitted again
            network = build_segmenter(self.options, channels, self.classes)
            network.load_state_dict(load_tensors(path, known_sha256(path)))
            return network.to(self.device).eval().requires_grad_(False)
        kept = [k for k, other in enumerate(self.folds) if self.count == 1 or other != fold]
        pairs = self.train.rows(kept)
        seed = derive_seed(self.seed, "cross-fit", fold)
        before, total = fold * self.options.steps, self.count * self.options.steps
        network = fit_segmenter(
            batches_of(pairs.images, pairs.labels, self.options.batch, seed),
            self.options, channels, self.classes, seed, self.device,
            lambda done, _: self.report(before + done, total, "fitting the gates' segmenters"),
        )  # fmt: skip
        write_text(path.with_suffix(".sha256"), save_tensors(path, network.state_dict()))
        return network


def known_sha256(path: Path) -> str | None:
    """Return the hash of kept weights; None for those of an older version, which kept none."""
    kept = path.with_suffix(".sha256")
    return kept.read_text(encoding="utf-8", errors="replace") if kept.is_file() else None
