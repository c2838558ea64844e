"""A reader sees the old file or the new one, whatever happens in between."""

import errno
import json
import os
import stat
import subprocess
import sys

import pytest

from medsynth.io import atomic
from medsynth.io.atomic import (
    TEMPORARY_PREFIX,
    open_atomic,
    remove_leftovers,
    write_bytes,
    write_json,
    write_text,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_new_bytes_replace_the_old_ones(tmp_path):
    path = tmp_path / "deep" / "file.bin"
    write_bytes(path, b"old")
    write_bytes(path, b"new and longer")
    assert path.read_bytes() == b"new and longer"
    assert names(path.parent) == ["file.bin"]


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), ValueError()]
)
def test_a_failure_in_the_midst_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def write():
        with open_atomic(path) as file:
            file.write(b"half of the n")
            raise error

    with pytest.raises(type(error)):
        write()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file.txt"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_fails_at_the_end_leaves_the_old_file(tmp_path, monkeypatch, step):
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, step, fail)
    with pytest.raises(OSError, match="No space"):
        write_text(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file.txt"]


def test_values_that_json_cannot_hold_leave_the_old_file(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, {"b": 1, "a": "ü"})
    assert path.read_text(encoding="utf-8") == '{\n "b": 1,\n "a": "ü"\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"loss": float("nan")})
    assert json.loads(path.read_text(encoding="utf-8")) == {"b": 1, "a": "ü"}
    assert names(tmp_path) == ["value.json"]


def test_a_kill_leaves_the_old_file_and_what_the_next_writer_clears(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "old")
    script = f"""
import os, pathlib
from medsynth.io.atomic import open_atomic
with open_atomic(pathlib.Path({str(path)!r})) as file:
    file.write(b"half")
    file.flush()
    os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    assert path.read_text() == "old"
    left = [name for name in names(tmp_path) if name != "file.txt"]
    assert len(left) == 1
    assert left[0].startswith(TEMPORARY_PREFIX)
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["file.txt"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_rights_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "file.txt", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file.txt").stat().st_mode) == 0o640
