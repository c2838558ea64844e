"""A file for libraries that cannot be told of errors."""

import errno

import h5py
import numpy as np
import pytest

from medsynth.io.late_error import late_error


def test_it_is_a_file_like_any_other(tmp_path):
    path = tmp_path / "x.bin"
    with late_error(path) as file:
        assert file.write(b"hello world") == 11
        file.seek(6)
        assert file.read(5) == b"world"
        assert file.tell() == 11
        file.seek(-5, 2)
        file.write(b"THERE")
        file.seek(2)
        file.seek(2, 1)
        assert file.tell() == 4
        file.truncate(13)
    assert path.read_bytes() == b"hello THERE\0\0"


def test_hdf5_is_written_and_read_back(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (40, 300), dtype=np.uint8)
    with late_error(tmp_path / "x.h5") as raw, h5py.File(raw, "w") as file:
        data = file.create_dataset("a", data=array, chunks=(1, 300), compression="gzip")
        assert np.array_equal(data[3], array[3])
    with h5py.File(tmp_path / "x.h5") as file:
        assert np.array_equal(file["a"][:], array)


@pytest.mark.parametrize("room", [0, 500, 3000, 9000])
def test_a_full_disk_is_told_after_the_library_is_done(tmp_path, monkeypatch, room):
    """Wherever the disk ends: in the header, in the data, in the last words."""
    with late_error(tmp_path / "x.h5") as raw:
        real = raw._file

        class Small:
            def write(self, data):
                if real.tell() + len(data) > room:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return real.write(data)

            def __getattr__(self, name):
                return getattr(real, name)

        raw._file = Small()

        def write():
            with h5py.File(raw, "w") as file:
                for k in range(5):
                    file.create_dataset(f"d{k}", data=np.arange(300 * k))

        try:
            write()
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            pytest.fail(f"the library was told: {error!r}")
        assert raw.error is not None
        raised, raw.error = raw.error, None
    assert raised.errno == errno.ENOSPC


def test_the_error_comes_on_leaving(tmp_path):
    def write():
        with late_error(tmp_path / "x") as file:
            file._file.close()
            file._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115
            file.write(b"lost")

    with pytest.raises(OSError, match="No space left"):
        write()
