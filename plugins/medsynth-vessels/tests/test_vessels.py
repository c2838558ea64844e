"""The three operators keep medsynth's contract, and do to vessels what they say."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from medsynth_vessels.branches import find_branches
from medsynth_vessels.prune import VesselPrune, VesselPruneOptions
from medsynth_vessels.regrow import VesselRegrow, VesselRegrowOptions
from medsynth_vessels.widen import VesselWiden, VesselWidenOptions
from scipy.ndimage import label

from medsynth.core.types import Mask
from medsynth.masks.perturbation import DrawContext
from medsynth.testing import check_perturbation

HOME = Path(__file__).parents[1]
OPERATORS = [VesselPrune, VesselRegrow, VesselWiden]


def tree() -> Mask:
    """A trunk, two boughs and a vessel of its own: 6 branches in 2 pieces."""
    labels = np.zeros((90, 110), np.uint8)
    labels[40:47, 5:100] = 1
    labels[8:44, 30:34] = 1
    labels[44:80, 62:67] = 1
    labels[85:88, 5:50] = 1
    return Mask(labels, label(labels, np.ones((3, 3)))[0].astype(np.uint16))


def drawn(operator, seed=0, mask=None):
    mask = mask or tree()
    step = operator.draw(np.random.default_rng(seed), DrawContext(mask, "a", {"a": mask}, ["a"]))
    return step, operator.apply(mask, step, {"a": mask})


@pytest.mark.parametrize("operator", OPERATORS)
def test_contract(operator):
    check_perturbation(operator)
    check_perturbation(operator, {"tree": tree(), "plain": Mask(tree().labels)})


def test_wildest_options():
    check_perturbation(VesselPrune, options=[VesselPruneOptions(max_fraction=1)])
    check_perturbation(VesselWiden, options=[VesselWidenOptions(max_width_change=4)])
    check_perturbation(
        VesselRegrow, options=[VesselRegrowOptions(max_length_px=999, max_bend_deg=90)]
    )


def test_branches_of_a_tree():
    branches = find_branches(tree().labels > 0)
    assert len(branches.tips) == 6
    assert len(branches.outermost()) == 4  # the vessel of its own has two tips, and stays


def test_prune_takes_branches_off_and_leaves_the_tree_whole():
    counts = set()
    for seed in range(20):
        step, result = drawn(VesselPrune(VesselPruneOptions(max_fraction=1)), seed)
        counts.add(len(step.params["branches"]))
        assert label(result.labels, np.ones((3, 3)))[1] == 2
        assert (result.labels <= tree().labels).all()
        area = np.count_nonzero(result.labels) / np.count_nonzero(tree().labels)
        assert (area < 0.95) == bool(step.params["branches"])
    assert {0, 4} <= counts


def test_regrown_branches_hang_on_the_tree():
    for seed in range(20):
        _, result = drawn(VesselRegrow(), seed)
        assert (result.labels >= tree().labels).all()
        assert label(result.labels, np.ones((3, 3)))[1] <= 2
        assert np.count_nonzero(result.labels) > np.count_nonzero(tree().labels)


def test_widen_changes_each_branch_and_tears_none():
    for seed in range(20):
        step, result = drawn(VesselWiden(VesselWidenOptions(max_width_change=1)), seed)
        assert len(step.params["factors"]) == find_branches(tree().labels > 0).count
        assert label(result.labels, np.ones((3, 3)))[1] == 2
        trunk = np.count_nonzero(result.labels[:, 50])
        assert 3 <= trunk <= 14


@pytest.fixture
def installed(tmp_path):
    """Environment variables in which the plugin is installed as pip would leave it."""
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    info = tmp_path / "medsynth_vessels-0.1.0.dist-info"
    info.mkdir()
    about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(about)
    points = project["entry-points"]["medsynth.perturbations"]
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[medsynth.perturbations]", *lines, ""]))
    path = [str(tmp_path), str(HOME / "src"), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))}


def output(env, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments], env=env, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_medsynth_lists_it(installed):
    found = json.loads(output(installed, "-m", "medsynth", "plugins", "--json"))
    names = {k for k, dist in found["mask operator"].items() if dist == "medsynth-vessels"}
    assert names == {operator.name for operator in OPERATORS}


def test_a_policy_uses_it_by_name(installed):
    code = """
import numpy as np
from medsynth.core.types import Mask
from medsynth.masks.options import MaskOptions
from medsynth.masks.plan import extend_plan
from medsynth.masks.render import render
labels = np.zeros((60, 60), np.uint8)
labels[28:33, 2:58] = labels[5:30, 20:24] = 1
names = ["vessel-prune", "vessel-regrow", "vessel-widen"]
options = MaskOptions.model_validate({"policy": [{"op": name} for name in names]})
sources = {"a": Mask(labels)}
plan = list(extend_plan([], 4, sources, options, 0))
for entry in plan:
    render(entry, sources)
print([step.op for step in plan[0].steps])
"""
    assert output(installed, "-c", code).strip() == str([op.name for op in OPERATORS])
