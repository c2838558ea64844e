"""Too little memory, and folders that vanish: a sentence, exit 3, and what was finished is kept."""

import os
import shutil
import subprocess
import sys
import threading

import pytest

SCARCE = """\
import resource, sys
import medsynth.workflows.fit.fit, torch.utils.tensorboard.writer
from medsynth.cli.app import main
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + 300 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (most, most))
sys.argv = ["medsynth", *sys.argv[1:]]
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
def test_too_little_memory_is_a_sentence(tmp_path, fitted, recipe):
    command = ["fit", fitted.data, "--recipe", recipe, "--run", "run", "--set", "data.size=4096"]
    said = subprocess.run(
        [sys.executable, "-c", SCARCE, *map(str, command)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 3, said.stderr
    assert "error: the memory does not suffice." in said.stderr
    assert "Traceback" not in said.stderr
    assert not (tmp_path / "run").exists()


def test_a_run_that_vanishes_is_a_sentence(medsynth, own_run):
    done = threading.Event()

    def vanish():
        while not (own_run / "samples" / "manifest.jsonl").exists() and not done.is_set():
            done.wait(0.01)
        while own_run.exists() and not done.is_set():
            shutil.rmtree(own_run, ignore_errors=True)

    thread = threading.Thread(target=vanish)
    thread.start()
    said = medsynth("augment", "--n", 400, "--run", own_run)
    done.set()
    thread.join()
    assert said.code == 3, said.err
    assert "Traceback" not in said.err
