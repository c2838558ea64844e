"""Ctrl-C and kills, sent to a real process in the midst of a real fit."""

import os
import signal
import subprocess
import sys
import time

import pytest

from medsynth.training.checkpoints import Checkpoints
from medsynth.workflows.fit.fit import FitConfig, fit

STEPS = 70
SETS = ("base.steps=10", f"siamese.steps={STEPS}", "training.log_every=1", "training.grid_every=0")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, fitted, recipe):
    folder = tmp_path_factory.mktemp("whole")
    before = os.getcwd()
    os.chdir(folder)
    try:
        fit(FitConfig(fitted.data, str(recipe), folder / "run", SETS), lambda *_: None)
    finally:
        os.chdir(before)
    return Checkpoints(folder / "run" / "checkpoints").latest()


def fit_and_send(number, folder, data, recipe, when, *sets):
    """Start a fit, send a signal once its standard error holds `when`; return code and text."""
    command = [sys.executable, "-m", "medsynth", "fit", data, "--recipe", recipe, "--run", "run"]
    command += [word for each in (*SETS, *sets) for word in ("--set", each)]
    said = folder / "stderr.txt"
    with said.open("wb") as file:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=file)
        deadline = time.monotonic() + 120
        try:
            while when not in said.read_text() and process.poll() is None:
                assert time.monotonic() < deadline, said.read_text()
                time.sleep(0.02)
            process.send_signal(number)
            out, _ = process.communicate(timeout=120)
        finally:
            process.kill()  # a fit that missed its signal would go on for hours
    return process.returncode, out.decode(), said.read_text()


def resumed(medsynth, folder):
    said = medsynth("fit", "--resume", "--run", "run")
    assert said.code == 0, said.err
    return Checkpoints(folder / "run" / "checkpoints").latest()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_in_a_fit(medsynth, tmp_path, fitted, recipe, uninterrupted, number):
    code, out, said = fit_and_send(number, tmp_path, fitted.data, recipe, "fit 16/80")
    assert code == 130
    assert out == ""
    assert "error: stopped after siamese step" in said
    assert "tip: Go on with it: medsynth fit --resume --run run" in said
    assert "Traceback" not in said
    stopped = Checkpoints(tmp_path / "run" / "checkpoints").latest()
    assert stopped.phase == "siamese"
    assert 6 <= stopped.step < STEPS
    assert resumed(medsynth, tmp_path) == uninterrupted


def test_a_kill_in_a_fit(medsynth, tmp_path, fitted, recipe, uninterrupted):
    code, _, _ = fit_and_send(signal.SIGKILL, tmp_path, fitted.data, recipe, "fit 40/80")
    assert code == -signal.SIGKILL
    left = Checkpoints(tmp_path / "run" / "checkpoints").latest()
    assert left.phase == "siamese"
    assert left.step < STEPS
    assert resumed(medsynth, tmp_path) == uninterrupted
    assert not list((tmp_path / "run").rglob(".medsynth-tmp-*"))


def test_ctrl_c_before_there_is_a_run_leaves_nothing(tmp_path, fitted, recipe):
    codec = "model.codec={name: autoencoder, factor: 4, channels: 8, width: 16, steps: 100000}"
    code, out, said = fit_and_send(
        signal.SIGINT, tmp_path, fitted.data, recipe, "codec, error", codec
    )
    assert code == 130
    assert out == ""
    assert "error: stopped before the first step" in said
    assert "tip: Begin again with the same command." in said
    assert "Traceback" not in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["stderr.txt"]
