"""A batch of files: all in their places, or none that was not there before."""

import os

import pytest

from medsynth.io.file_batch import file_batch


def test_files_come_with_their_folders_when_the_batch_is_whole(tmp_path):
    path = tmp_path / "deep" / "a.bin"
    with file_batch() as write:
        write(path, b"new")
        write(tmp_path / "b.bin", b"")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert sorted(each.name for each in tmp_path.rglob("*.*")) == ["a.bin", "b.bin"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_an_error_leaves_what_was_there(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(TypeError), file_batch() as write:
        write_both(write, tmp_path / "a")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"old")]


def test_open_files_do_not_grow_with_the_batch(tmp_path):
    with file_batch() as write:
        before = len(os.listdir("/proc/self/fd"))
        for k in range(50):
            write(tmp_path / f"{k}", b"x")
        assert len(os.listdir("/proc/self/fd")) == before


def write_both(write, path):
    write(path, b"new")
    write(path, None)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
