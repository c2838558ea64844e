"""A fit by two processes, started as users start it: `accelerate launch`."""

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file

from medsynth.workflows.fit.fit import FitConfig, fit

from .layouts import quiet


def rows(run):
    found = []
    for line in Path(run, "log.jsonl").read_text().splitlines():
        row = json.loads(line)
        row.pop("images_per_s", None)
        found.append(row)
    return found


def assert_alike(ours, theirs):
    for a, b in zip(rows(ours), rows(theirs), strict=True):
        assert a.keys() == b.keys()
        for key, value in a.items():
            assert value == (b[key] if key == "phase" else pytest.approx(b[key], abs=2e-6))
    name = "checkpoints/siamese-0000004/average.safetensors"
    one, two = load_file(Path(ours, name)), load_file(Path(theirs, name))
    assert one.keys() == two.keys()
    assert max(float((one[k] - two[k]).abs().max()) for k in one) < 2e-5


def test_two_processes_compute_what_one_does_and_go_on_for_one_another(
    sd15, sd_recipe, blobs, launch
):
    """The learning rate is that of the paper: AdamW makes large steps of rounding noise."""
    recipe = sd_recipe(sd15)
    recipe.write_text(recipe.read_text().replace("steps: 4,", "steps: 4, learning_rate: 1.0e-5,"))
    data = blobs()
    fit(FitConfig(data, str(recipe), Path("one"), device="cpu"), quiet)
    code, said = launch("fit", data, "--recipe", recipe, "--run", "two", "--device", "cpu")
    assert code == 0, said
    assert said.count("Fitted") == 0  # on standard output, and once
    assert_alike("one", "two")
    assert [json.loads(Path(r, "run.json").read_text())["processes"] for r in ("one", "two")] == [
        1,
        2,
    ]
    shutil.copytree("two", "then-one")
    shutil.rmtree("then-one/checkpoints/siamese-0000004")
    fit(FitConfig(run=Path("then-one"), resume=True, device="cpu"), quiet)
    assert_alike("one", "then-one")
    shutil.copytree("one", "then-two")
    shutil.rmtree("then-two/checkpoints/siamese-0000004")
    code, said = launch("fit", "--resume", "--run", "then-two", "--device", "cpu")
    assert code == 0, said
    assert_alike("one", "then-two")


def test_a_batch_that_cannot_be_shared_is_refused_by_all(sd15, sd_recipe, blobs, launch):
    arguments = ("fit", blobs(), "--recipe", sd_recipe(sd15), "--run", "r", "--device", "cpu")
    code, said = launch(*arguments, "--set", "training.batch=3")
    assert code != 0
    assert said.count("training.batch=3 cannot be split evenly: 2 process(es)") == 1
    assert not Path("r/recipe.yaml").exists()
