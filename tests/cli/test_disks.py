"""Full disks and folders that cannot be written, with real file systems of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from medsynth.training.checkpoints import Checkpoints

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")


class Disk:
    """A small tmpfs."""

    def __init__(self, path):
        self.path = path

    def mount(self, options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.path]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def free_bytes(self, count):
        """Leave so many bytes free."""
        used = shutil.disk_usage(self.path).used
        assert self.mount(f"remount,rw,size={used + count}")

    def read_only(self):
        assert self.mount("remount,ro")

    def files(self):
        return {p: p.read_bytes() for p in sorted(self.path.rglob("*")) if p.is_file()}


@pytest.fixture
def disk(tmp_path):
    disk = Disk(tmp_path / "disk")
    disk.path.mkdir()
    if not disk.mount("size=64m"):
        pytest.skip("tmpfs cannot be mounted here")
    yield disk
    os.chdir("/")
    subprocess.run(["umount", disk.path], check=True)


def sample_files(run):
    return {
        p.relative_to(run): p.read_bytes()
        for p in sorted((run / "samples").rglob("*"))
        if p.is_file()
    }


@pytest.mark.parametrize("room", [2_000, 400_000, 1_200_000])
def test_a_disk_that_fills_up_in_a_fit(medsynth, disk, fitted, recipe, room):
    """Before the run is one, at the first checkpoint, at a later one."""
    run = disk.path / "run"
    disk.free_bytes(room)
    said = medsynth("fit", fitted.data, "--recipe", recipe, "--run", run)
    assert said.code == 3
    assert "error: the disk is full" in said.err
    assert "--resume" in said.err
    assert "Traceback" not in said.err
    disk.free_bytes(64_000_000)
    if (run / "recipe.yaml").exists():
        assert medsynth("fit", "--resume", "--run", run).code == 0
    else:
        again = medsynth("fit", fitted.data, "--recipe", recipe, "--run", run)
        assert again.code == 0
    last = Checkpoints(run / "checkpoints").latest()
    assert last == Checkpoints(fitted.run / "checkpoints").latest()
    assert not list(run.rglob(".medsynth-tmp-*"))


@pytest.mark.parametrize("room", [4_000, 60_000, 100_000])
def test_a_disk_that_fills_up_in_augment(medsynth, disk, augmented, fitted, room):
    run = Path(shutil.copytree(fitted.run, disk.path / "run"))
    disk.free_bytes(room)
    said = medsynth("augment", "--n", 6, "--run", run)
    assert said.code == 3
    assert "error: the disk is full" in said.err
    assert "Traceback" not in said.err
    disk.free_bytes(64_000_000)
    assert medsynth("augment", "--n", 6, "--run", run).code == 0
    assert sample_files(run) == sample_files(augmented.run)


@pytest.mark.parametrize("name", ["coco", "folder", "hdf5"])
def test_a_disk_that_fills_up_in_export(medsynth, disk, augmented, name):
    run = Path(shutil.copytree(augmented.run, disk.path / "run"))
    before = disk.files()
    disk.free_bytes(24_000)
    said = medsynth("export", "--format", name, "--run", run)
    assert said.code == 3
    assert "error: the disk is full" in said.err
    assert "Traceback" not in said.err
    assert {p.name: v for p, v in disk.files().items() if p not in before} == {}
    assert disk.files() == before
    disk.free_bytes(64_000_000)
    assert medsynth("export", "--format", name, "--run", run).code == 0


def test_folders_that_cannot_be_written(medsynth, disk, augmented, fitted, recipe):
    run = Path(shutil.copytree(augmented.run, disk.path / "run"))
    before = disk.files()
    disk.read_only()
    commands = [
        ("fit", fitted.data, "--recipe", recipe, "--run", disk.path / "new"),
        ("fit", "--resume", "--run", run),
        ("augment", "--n", 9, "--run", run),
        ("export", "--format", "coco", "--run", run),
        ("export", "--format", "coco", "--run", augmented.run, "--out", disk.path / "out"),
        ("recipes", "copy", "compact", disk.path / "mine.yaml"),
        ("doctor", fitted.data, "--quick", "--contact-sheet", disk.path / "sheet.png"),
    ]
    for command in commands:
        said = medsynth(*command)
        assert said.code == 3, (command, said.err)
        assert "error: Read-only file system" in said.err
        assert "tip: Choose a folder that can be written" in said.err
        assert "Traceback" not in said.err
    assert disk.files() == before
    assert medsynth("show", run).code == 0


def test_a_working_folder_that_cannot_be_written_is_no_hindrance(
    medsynth, disk, fitted, recipe, tmp_path
):
    """Only `runs/latest` is not kept then."""
    disk.read_only()
    command = ["fit", fitted.data, "--recipe", recipe, "--run", tmp_path / "run"]
    medsynth("--version")
    os.chdir(disk.path)
    said = medsynth(*command)
    assert said.code == 0, said.err
    assert medsynth("augment", "--n", 1, "--run", tmp_path / "run").code == 0


def test_a_file_in_the_way(medsynth, tmp_path, augmented, fitted):
    (tmp_path / "file").write_text("x")
    commands = [
        ("export", "--format", "coco", "--run", augmented.run, "--out", "file/out"),
        ("recipes", "copy", "compact", "file/mine.yaml"),
        ("doctor", fitted.data, "--quick", "--contact-sheet", "file/sheet.png"),
    ]
    for command in commands:
        said = medsynth(*command)
        assert said.code in (2, 3), (command, said.err)
        assert said.err.count("error: ") == 1
        assert "Traceback" not in said.err
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("out", ["/proc/x", "/proc/x/y"])
def test_a_place_that_is_there_and_takes_no_folder(medsynth, augmented, out):
    said = medsynth("export", "--format", "folder", "--run", augmented.run, "--out", out)
    assert said.code == 3
    assert f"error: no folder can be made in {Path(out).parent}: No such file" in said.err
    assert "--out DIR" in said.err
    assert "Traceback" not in said.err
    said = medsynth("recipes", "copy", "compact", "/proc/x.yaml")
    assert said.code == 3
    assert "error: nothing can be made in /proc." in said.err
