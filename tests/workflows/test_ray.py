"""The engine `ray` on a real cluster on this machine: two nodes, of which one is lost midway."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from medsynth.core.errors import InputError, UsageError
from medsynth.store.samples import SampleStore
from medsynth.workflows.augment.augment import AugmentConfig, augment

pytest.importorskip("ray", reason="Ray is not installed: pip install 'medsynth[ray]'")
pytestmark = pytest.mark.filterwarnings("ignore")

N = 60
SLOW = (
    "sampling.steps=60",
    "gates.faithful=enforce",
    "gates.novel=off",
    "gates.rate=0.1",
    "gates.segmenter={width: 4, steps: 1, batch: 4}",  # a poor judge, that refuses half
)
NICENESS = "RAY_worker_niceness"


def samples(run):
    folder = Path(run) / "samples"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def cluster():
    """A head that makes nothing, and two nodes of one CPU each."""
    from ray.cluster_utils import Cluster

    os.environ[NICENESS] = "0"  # else they wait for all that this machine does
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()
    del os.environ[NICENESS]


@pytest.fixture(scope="module")
def local(fitted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("local")
    run = Path(shutil.copytree(fitted.run, folder / "run"))
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = augment(AugmentConfig(N, run, None, SLOW, "cpu"), lambda *_: None)
    finally:
        os.chdir(before)
    assert result.given_up > 10
    return samples(run)


class Running:
    """A `medsynth augment --engine ray` under way."""

    def __init__(self, run, address, folder):
        command = [sys.executable, "-m", "medsynth", "augment", "--n", N, "--run", run]
        command += ["--engine", "ray", "--ray-address", address, "--device", "cpu"]
        command += [word for each in SLOW for word in ("--set", each)]
        self.said = folder / "stderr.txt"
        with self.said.open("wb") as file:
            self.process = subprocess.Popen(
                list(map(str, command)), cwd=folder, stdout=subprocess.PIPE, stderr=file
            )
        self.run = run

    def wait_for(self, accepted):
        """Wait until the run holds so many samples."""
        deadline = time.monotonic() + 240
        while len(SampleStore(self.run / "samples")) < accepted:
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < deadline, self.said.read_text()
            time.sleep(0.05)

    def ended(self):
        try:
            self.process.communicate(timeout=240)
        finally:
            self.process.kill()
        return self.process.returncode, self.said.read_text()


def workers():
    """The processes of the actors on this cluster, which are our own descendants."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            if child.name().startswith("ray::Worker"):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def test_a_worker_killed_and_a_node_lost_midway(cluster, own_run, tmp_path, local):
    job = Running(own_run, cluster.address, tmp_path)
    job.wait_for(4)
    there = workers()
    assert len(there) == 2
    os.kill(there[0].pid, signal.SIGKILL)
    job.wait_for(20)
    cluster.add_node(num_cpus=1)
    cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    code, said = job.ended()
    assert code == 0, said
    assert f"augment {N}/{N}" in said
    assert samples(own_run) == local


def test_ctrl_c_stops_and_goes_on_anywhere(cluster, own_run, tmp_path, local):
    job = Running(own_run, cluster.address, tmp_path)
    job.wait_for(8)
    job.process.send_signal(signal.SIGINT)
    code, said = job.ended()
    assert code == 130, said
    assert f"medsynth augment --n {N} --run {own_run} --engine ray" in said
    assert "Traceback" not in said
    assert 8 <= len(SampleStore(own_run / "samples")) < N
    augment(AugmentConfig(N, own_run, None, SLOW, "cpu"), lambda *_: None)
    assert samples(own_run) == local


def test_no_cluster_there(own_run):
    before = sorted(own_run.rglob("*"))
    config = AugmentConfig(N, own_run, engine="ray", ray_address="127.0.0.1:1")
    with pytest.raises(InputError, match=r"no Ray cluster can be reached at 127\.0") as caught:
        augment(config, lambda *_: None)
    assert "ray start --head" in caught.value.tip
    assert sorted(own_run.rglob("*")) == before


def test_nodes_that_cannot_work(tmp_path):
    """Said by the worker itself, whose errors come back as they are."""
    from medsynth.workflows.augment.ray_engine import Order, Worker

    order = Order(tmp_path / "elsewhere", (), 0, "cpu", 1)
    with pytest.raises(InputError, match="elsewhere is not there on node") as caught:
        Worker(order).make([])
    assert "all nodes see under the same path" in caught.value.tip
    with pytest.raises(InputError, match=r"has medsynth .*, not 9"):
        Worker(Order(tmp_path, (), 0, "cpu", 1, "9")).ready()


def test_masks_and_shards_go_other_ways(own_run, fitted):
    for more in ({"masks": fitted.data / "masks"}, {"shard": "0/2"}):
        with pytest.raises(UsageError, match="--engine ray"):
            augment(AugmentConfig(9, own_run, engine="ray", **more), lambda *_: None)
