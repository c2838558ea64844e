"""One segmenter of a proof: fitted, stopped where val is best, and later tested once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from medsynth.core.errors import InputError, InterruptedRunError
from medsynth.core.seeds import derive_seed
from medsynth.io.atomic import make_folder, write_bytes
from medsynth.io.json_text import parse_json
from medsynth.io.sealed_lines import sealed, unsealed
from medsynth.model.segmenter import Segmenter, build_segmenter, predict_probabilities
from medsynth.model.segmenter_options import SegmenterOptions
from medsynth.quality.gates.gate import Pairs
from medsynth.quality.proof.agreement import Agreement, agreement
from medsynth.training.checkpoints import load_tensors, save_tensors
from medsynth.training.segmenter import Draw, fit_segmenter
from medsynth.workflows.prove.arms import Arm


@dataclass(frozen=True, slots=True)
class Unit:
    """A segmenter to fit: an arm, a network, a seed.

    key: hash of all that it depends on; equal units of different proofs are one.
    """

    arm: Arm
    network: str
    seed: int
    key: str = ""

    @property
    def title(self) -> str:
        """What it is called in progress."""
        return f"{self.arm.name}, {self.network}, seed {self.seed}"

    @property
    def name(self) -> str:
        """A file name; whatever a run's label holds, nothing but letters, digits, - and _."""
        words = "".join(c if c.isascii() and c.isalnum() else "-" for c in self.arm.name)
        return f"{words[:80]}.{self.network}.{self.seed}.{self.key[:16]}"


class UnitStore:
    """What units have come to, in files that are written whole.

    Args:
        folder: of the units of all proofs of a run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, unit: Unit, part: str) -> dict[str, Any] | None:
        """Return what `write` wrote; None where it has not come to that, or is damaged."""
        try:
            line = (self.folder / f"{unit.name}.{part}.json").read_bytes()
            found = parse_json(unsealed(line))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def write(self, unit: Unit, part: str, values: dict[str, Any]) -> None:
        """Write figures of a part: `fitted`, or what it was scored on."""
        make_folder(self.folder)
        text = json.dumps(values, allow_nan=False).encode()
        write_bytes(self.folder / f"{unit.name}.{part}.json", sealed(text))

    def weights(self, unit: Unit) -> Path:
        """Return where a unit's best weights lie."""
        return self.folder / f"{unit.name}.safetensors"


def fit_unit(
    unit: Unit,
    pairs: Pairs,
    real: Pairs,
    val: Pairs,
    options: SegmenterOptions,
    classes: int,
    stops: int,
    seed: int,
    device: torch.device,
    store: UnitStore,
    stop: Callable[[], bool],
) -> None:
    """Fit a unit, keep the weights of the step where val's Dice is best, and write it down.

    Weights and batches follow from the unit's seed, the same for every arm. `real`: those of its
    pairs that are real.

    Raises:
        InterruptedRunError: `stop` said so, between two steps; nothing is written.
    """
    own = derive_seed(seed, "prove", unit.network, unit.seed)
    looks = {round(options.steps * (k + 1) / stops) for k in range(stops)}
    curve: list[tuple[int, float]] = []
    best: dict[str, Tensor] = {}

    def look(done: int, network: Segmenter) -> None:
        if stop():
            raise InterruptedRunError(f"stopped at step {done} of {unit.title}.")
        if done not in looks:
            return
        dice = float(scores_of(network.eval(), val, classes).per_image().mean())
        if not curve or dice > max(value for _, value in curve):
            best.update({k: v.detach().cpu().clone() for k, v in network.state_dict().items()})
        curve.append((done, round(dice, 6)))

    fit_segmenter(
        unit.arm.draw(pairs, real, options, own),
        options, pairs.images.shape[-1], classes, own, device, look,
    )  # fmt: skip
    sha256 = save_tensors(store.weights(unit), best)
    step, dice = max(curve, key=lambda each: each[1])
    found = {"curve": curve, "step": step, "dice": dice, "pairs": len(pairs), "sha256": sha256}
    store.write(unit, "fitted", found)


def step_seconds(
    draw: Draw, options: SegmenterOptions, pairs: Pairs, classes: int, device: torch.device
) -> float:
    """Return the seconds of a step of a segmenter's fit, measured on a few."""
    ended: list[float] = []
    fit_segmenter(
        draw, options.model_copy(update={"steps": 4}), pairs.images.shape[-1], classes, 0, device,
        lambda *_: ended.append(time.monotonic()),
    )  # fmt: skip
    return (ended[-1] - ended[0]) / 3


def score_unit(
    unit: Unit,
    part: str,
    pairs: Pairs,
    options: SegmenterOptions,
    classes: int,
    device: torch.device,
    store: UnitStore,
) -> None:
    """Score a unit's best weights on pairs, and write that down as a part.

    Raises:
        InputError: the weights are damaged.
    """
    network = build_segmenter(options, pairs.images.shape[-1], classes)
    path, fitted = store.weights(unit), store.read(unit, "fitted") or {}
    try:
        network.load_state_dict(load_tensors(path, fitted.get("sha256")))
    except (InputError, RuntimeError) as error:
        raise InputError(
            f"{path} is gone or damaged.",
            f"Delete {store.folder / unit.name}.*, and run prove again to fit it again.",
        ) from error
    found = scores_of(network.to(device).eval(), pairs, classes, hd95=True)
    write_scores(found, unit, part, store)


def write_scores(found: Agreement, unit: Unit, part: str, store: UnitStore) -> None:
    """Write scores of each image and class."""
    scores = {"dice": found.dice, "iou": found.iou, "hd95_px": found.hd95_px}
    store.write(unit, part, {name: listed_numbers(each) for name, each in scores.items()})


def read_scores(unit: Unit, part: str, store: UnitStore) -> Agreement:
    """Return what `write_scores` wrote."""
    found = store.read(unit, part)
    assert found is not None
    arrays = [np.array(found[name], np.float64) for name in ("dice", "iou", "hd95_px")]
    return Agreement(*arrays)


def scores_of(network: Segmenter, pairs: Pairs, classes: int, hd95: bool = False) -> Agreement:
    """Return how well a network's masks agree with the true ones."""
    shown = predict_probabilities([network], pairs.images).argmax(1).astype(np.uint8)
    return agreement(shown, pairs.labels, classes, with_hd95=hd95)


def listed_numbers(values: NDArray[np.float64]) -> list[list[float | None]]:
    """Return rows of numbers for JSON, NaN as null."""
    return [[None if np.isnan(v) else round(float(v), 5) for v in row] for row in values]
