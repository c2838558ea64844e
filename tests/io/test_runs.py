import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from medsynth.core.errors import InputError, MedsynthError, UsageError
from medsynth.io.runs import Run, find_run, name_latest, new_run


def make_run(path):
    path.mkdir(parents=True)
    (path / "recipe.yaml").write_text("{}")
    return Run(path)


def test_a_lock_names_its_holder(tmp_path):
    run = make_run(tmp_path / "r")
    with run.lock("fit"), pytest.raises(InputError) as caught, Run(tmp_path / "r").lock("augment"):
        pass
    who = f"medsynth fit, process {os.getpid()} on {socket.gethostname()}"
    assert caught.value.what == f"{run.path} is in use by {who}."
    assert caught.value.tip == "Wait for it to end, or stop it first."
    with run.lock("augment"):
        assert (run.path / ".lock-holder").read_text().startswith("medsynth augment")
    assert not (run.path / ".lock-holder").exists()


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path):
    run = make_run(tmp_path / "r")
    script = f"""
import os, pathlib
from medsynth.io.runs import Run
with Run(pathlib.Path({str(run.path)!r})).lock("fit"):
    os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    assert (run.path / ".lock-holder").exists()
    with run.lock("augment"):
        assert f"process {os.getpid()}" in (run.path / ".lock-holder").read_text()


def test_an_error_under_the_lock_frees_it(tmp_path):
    run = make_run(tmp_path / "r")
    with pytest.raises(ZeroDivisionError), run.lock("fit"):
        raise ZeroDivisionError
    with run.lock("fit"):
        assert (run.path / ".lock-holder").is_file()


def test_a_run_that_came_to_nothing_leaves_no_folder(tmp_path):
    run = Run(tmp_path / "runs" / "data-1")
    with pytest.raises(ZeroDivisionError), run.lock("fit"):
        raise ZeroDivisionError
    assert not run.path.exists()
    empty, full = Run(tmp_path / "mine"), Run(tmp_path / "new")
    empty.path.mkdir()
    with empty.lock("fit"):
        assert (empty.path / ".lock-holder").is_file()
    assert empty.path.is_dir()
    with full.lock("fit"):
        full.recipe.write_text("{}")
    assert full.recipe.is_file()


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_file_where_the_run_should_be(tmp_path, below):
    path = tmp_path / "occupied"
    path.write_text("my notes")
    with pytest.raises(UsageError, match="is a file") as caught, Run(path / below).lock("fit"):
        pass
    assert str(path) in caught.value.what
    assert path.read_text() == "my notes"


def test_new_runs_are_numbered_and_named_for_their_data(tmp_path):
    assert new_run("Kvasir SEG (2)", tmp_path).path == tmp_path / "kvasir-seg-2-1"
    make_run(tmp_path / "kvasir-seg-2-1")
    assert new_run("Kvasir SEG (2)", tmp_path).path == tmp_path / "kvasir-seg-2-2"
    assert new_run("../..", tmp_path).path == tmp_path / "run-1"
    assert new_run("日本", tmp_path).path == tmp_path / "run-1"
    assert not (tmp_path / "run-1").exists()


def test_the_latest_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="there is no run yet") as caught:
        find_run(None)
    assert caught.value.tip == "Fit one first: medsynth fit DATA"
    first, second = make_run(Path("runs/a-1")), make_run(Path("elsewhere/b"))
    name_latest(first)
    assert find_run(None).path == first.path.resolve()
    name_latest(second)
    assert find_run(None).path == second.path.resolve()
    assert find_run(first.path).path == first.path
    (second.path / "recipe.yaml").unlink()
    with pytest.raises(UsageError, match="not a medsynth run"):
        find_run(None)
    second.path.rmdir()
    with pytest.raises(UsageError, match="is gone"):
        find_run(None)


@pytest.mark.parametrize("kind", ["absent", "empty", "file"])
def test_what_is_no_run(tmp_path, kind):
    path = tmp_path / kind
    if kind == "empty":
        path.mkdir()
    elif kind == "file":
        path.write_text("x")
    said = "there is no run" if kind == "absent" else "is not a medsynth run"
    with pytest.raises(MedsynthError, match=said) as caught:
        find_run(path)
    assert caught.value.exit_code == 2
