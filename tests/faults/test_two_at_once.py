"""Two processes on one run: one waits or is told who holds it; nothing is mixed."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from medsynth.core.errors import InputError
from medsynth.io.atomic import TEMPORARY_PREFIX
from medsynth.io.runs import Run, name_latest

HOLD = """\
import sys, time
from pathlib import Path
from medsynth.io.runs import Run
with Run(Path(sys.argv[1])).lock("fit"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def own_run(verbs, tmp_path):
    """A copy of a run with samples enough for a proof, to hold."""
    return Path(shutil.copytree(verbs["augment"].whole / "run", tmp_path / "run"))


@pytest.fixture
def holder(own_run):
    """Another process that holds the run."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(own_run)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.mark.parametrize(
    "command",
    [
        ("fit", "--resume", "--run", "run"),
        ("augment", "--n", 2, "--run", "run"),
        ("prove", "--run", "run", "--set", "prove.ratios=[0.3]"),
    ],
)
def test_who_comes_second_is_told_who_holds_the_run(command, holder, medsynth):
    said = medsynth(*command)
    assert said.code == 3
    assert f"is in use by medsynth fit, process {holder.pid} on " in said.err


def test_readers_need_no_lock(holder, medsynth):
    assert medsynth("show", "run").code == 0
    said = medsynth("export", "--format", "coco", "--run", "run", "--set", "export.ratio=0")
    assert said.code == 0, said.err


def test_the_lock_of_a_dead_process_is_taken_over_and_what_it_left_is_swept(own_run, holder):
    left = [own_run / f"{TEMPORARY_PREFIX}a", own_run / "proof" / "0" / f"{TEMPORARY_PREFIX}b"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    with pytest.raises(InputError, match="in use"), Run(own_run).lock("fit"):
        pass
    assert all(path.exists() for path in left)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (own_run / ".lock-holder").exists()
    with Run(own_run).lock("fit"):
        assert not any(path.exists() for path in left)
        assert str(os.getpid()) in (own_run / ".lock-holder").read_text()
    assert not (own_run / ".lock-holder").exists()


def test_the_latest_run_is_named_by_many_at_once(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    runs = [Run(tmp_path / "runs" / f"r{k}") for k in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda run: name_latest(run, tmp_path / "runs"), runs))
    named = (tmp_path / "runs" / "latest").read_text().strip()
    assert named in [str(run.path) for run in runs]
    assert not list((tmp_path / "runs").glob(f"{TEMPORARY_PREFIX}*"))
