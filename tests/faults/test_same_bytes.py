"""The same input, seed and machine: the same bytes, whatever surrounds the process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .trees import differences

PIPELINE = """\
import os, sys
from pathlib import Path
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.export.export import ExportConfig, export_run
from medsynth.workflows.fit.fit import FitConfig, fit
os.umask(int(sys.argv[3], 8))
quiet, run = (lambda *_: None), Path("run")
fit(FitConfig(Path(sys.argv[1]), sys.argv[2], run, device="cpu"), quiet)
augment(AugmentConfig(6, run, device="cpu"), quiet)
for name in ("coco", "hdf5"):
    export_run(ExportConfig(name, run, sets=(f"export.workers={sys.argv[4]}",)), quiet)
"""
SURROUNDINGS = {
    "plain": ({"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "UTC"}, "022", "1"),
    "other": (
        {
            "PYTHONHASHSEED": "77",
            "LC_ALL": "tr_TR.UTF-8",
            "TZ": "Asia/Kathmandu",
            "PYTHONUTF8": "0",
        },
        "077",
        "5",
    ),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory, fitted, recipe):
    """The whole pipeline in two surroundings."""
    folders = {}
    for name, (environment, umask, workers) in SURROUNDINGS.items():
        folders[name] = tmp_path_factory.mktemp(name)
        command = [sys.executable, "-c", PIPELINE, str(fitted.data), str(recipe), umask, workers]
        own = environment | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run(command, cwd=folders[name], env=os.environ | own, check=True)
    return folders


def test_the_pipeline_gives_the_same_bytes_in_other_surroundings(folders):
    assert differences(folders["other"], folders["plain"]) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_no_file_is_open_to_others_where_the_umask_forbids_it(folders):
    """Locks hold nothing."""
    made = [path for path in (folders["other"] / "run").rglob("*") if path.name != ".lock"]
    assert [path for path in made if path.stat().st_mode & 0o077] == []
    assert all(path.stat().st_mode & 0o044 for path in (folders["plain"] / "run").rglob("*.png"))


def test_no_path_of_the_machine_stands_in_an_export(folders):
    here = str(Path(folders["plain"]).parent).encode()
    exports = (folders["plain"] / "run" / "exports").rglob("*")
    assert [path for path in exports if path.is_file() and here in path.read_bytes()] == []
