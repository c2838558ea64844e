"""Made-up data, and a run that is fitted on it once and read by many tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: tests share few cores
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of nohup: signals are tested
    signal.signal(signal.SIGINT, signal.default_int_handler)

import hypothesis
import numpy as np
import pytest
from PIL import Image

hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.load_profile("suite")

RECIPE = """\
data: {size: 32}
model:
  codec: {name: haar, factor: 4}
  compact: {channels: [8, 16], hint_width: 2}
training: {batch: 4, threads: 1, checkpoint_every: 2, grid_every: 4, log_every: 1}
base: {steps: 3, warmup_steps: 1}
siamese: {steps: 4, warmup_steps: 1, hint_dropout: 0.2}
sampling: {steps: 2, batch: 4}
gates: {mode: "off", max_redraws: 1}
"""
"""A whole fit in a second or two."""


def save(path: Path, array: np.ndarray) -> None:
    """Write a picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def draw_blobs(
    root: Path,
    n: int = 14,
    hw: tuple[int, int] = (32, 32),
    *,
    grey: bool = False,
    classes: int = 1,
    instances: bool = False,
    sizes: tuple[tuple[int, int], ...] = (),
    seed: int = 1000,
) -> Path:
    """Draw coloured discs on tissue-like noise, and their masks: root/images and root/masks.

    Args:
        root: the data folder.
        n: pairs.
        hw: height and width.
        grey: one channel instead of three.
        classes: discs of so many classes in turn, with mask values 1, 2, ...; of a single one
            the value is 255.
        instances: number the discs in root/masks instead, two that touch among them.
        sizes: other sizes, taken in turn.
        seed: of the first pair; those after it follow.
    """
    for k in range(n):
        rng = np.random.default_rng(seed + k)
        height, width = sizes[k % len(sizes)] if sizes else hw
        y, x = np.mgrid[:height, :width]
        image = rng.integers(90, 130, (height, width, 3)).astype(np.uint8)
        mask = np.zeros((height, width), np.uint8)
        for disc in range(3):
            radius = max(2.0, min(height, width) * (0.11 + 0.05 * rng.random()))
            top, left = rng.uniform(0.2, 0.8) * height, rng.uniform(0.2, 0.8) * width
            inside = (y - top) ** 2 + (x - left) ** 2 < radius**2
            kind = disc % classes
            image[inside] = np.clip(np.array([200, 60 + 90 * kind, 90]) + rng.normal(0, 6), 0, 255)
            mask[inside] = disc + 1 if instances else (255 if classes == 1 else kind + 1)
        save(root / "images" / f"p{k:02d}.png", image[..., 0] if grey else image)
        save(root / "masks" / f"p{k:02d}.png", mask)
    return root


@pytest.fixture(scope="session")
def blobs_anywhere() -> Callable[..., Path]:
    """Return `draw_blobs`, for fixtures that many tests share."""
    return draw_blobs


@pytest.fixture(scope="session")
def recipe_text() -> str:
    """Return the recipe of a fit in a second or two."""
    return RECIPE


@pytest.fixture
def blobs(tmp_path: Path) -> Callable[..., Path]:
    """Return a drawer of data into tmp_path/NAME; see `draw_blobs`."""

    def draw(name: str = "data", **options: Any) -> Path:
        return draw_blobs(tmp_path / name, **options)

    return draw


class Said(NamedTuple):
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def medsynth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """Return a runner of the command line in this process, with tmp_path as its folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")

    def run(*arguments: object) -> Said:
        from medsynth.cli.app import main

        monkeypatch.setattr(sys, "argv", ["medsynth", *map(str, arguments)])
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        return Said(code, *capfd.readouterr())

    return run


def _free_port() -> str:
    """Return a port that nothing uses now: accelerate 1.2 cannot choose one itself."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


@pytest.fixture
def free_port() -> str:
    """Return a port that nothing uses now."""
    return _free_port()


@pytest.fixture
def launch() -> Callable[..., tuple[int, str]]:
    """Return a runner of medsynth by two processes of accelerate: exit code, standard error.

    accelerate starts several processes on one machine by `--multi_gpu` alone; which device each
    takes is medsynth's to say.
    """

    def run(*arguments: object) -> tuple[int, str]:
        command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu"]
        command += ["--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no"]
        command += ["--dynamo_backend", "no", "--main_process_port", _free_port(), "-m", "medsynth"]
        command += map(str, arguments)
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1"}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=240, env=environment, check=False
        )
        return done.returncode, done.stderr

    return run


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recipe for a fit of a second."""
    path = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    path.write_text(RECIPE)
    return path


class FittedRun(NamedTuple):
    """A run's folder and the data that it was fitted on; not to be changed."""

    run: Path
    data: Path


def fit_once(folder: Path, recipe: Path, sets: tuple[str, ...] = (), **drawn: Any) -> FittedRun:
    """Draw data, fit on it."""
    from medsynth.workflows.fit.fit import FitConfig, fit

    data = draw_blobs(folder / "data", **drawn)
    with contextlib.chdir(folder):
        config = FitConfig(data, str(recipe), folder / "run", sets, device="cpu")
        fit(config, lambda *_: None)
    return FittedRun(folder / "run", data)


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory, recipe: Path) -> FittedRun:
    """Return a finished fit on coloured discs; see `own_run` for a copy to change."""
    return fit_once(tmp_path_factory.mktemp("fitted"), recipe)


@pytest.fixture(scope="session")
def augmented(tmp_path_factory: pytest.TempPathFactory, fitted: FittedRun) -> FittedRun:
    """Return a finished fit with six samples; not to be changed."""
    from medsynth.workflows.augment.augment import AugmentConfig, augment

    folder = tmp_path_factory.mktemp("augmented")
    shutil.copytree(fitted.run, folder / "run")
    with contextlib.chdir(folder):
        augment(AugmentConfig(6, folder / "run", device="cpu"), lambda *_: None)
    return FittedRun(folder / "run", fitted.data)


@pytest.fixture
def own_run(tmp_path: Path, fitted: FittedRun) -> Path:
    """Return a copy of the fitted run, to change."""
    return Path(shutil.copytree(fitted.run, tmp_path / "run"))


@pytest.fixture
def own_augmented(tmp_path: Path, augmented: FittedRun) -> Path:
    """Return a copy of the run with six samples, to change."""
    return Path(shutil.copytree(augmented.run, tmp_path / "run"))
