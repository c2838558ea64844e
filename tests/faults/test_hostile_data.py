"""Whatever lies in a data folder: a sentence or a picture, no crash, no write outside."""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.core.errors import InputError
from medsynth.data.options import DataOptions
from medsynth.data.raster import MOST_PIXELS, UnreadableError
from medsynth.data.readers import hdf5_table
from medsynth.data.reading import decode
from medsynth.data.survey import survey_folder
from medsynth.io.json_text import parse_json

from . import targets
from .corpus import pictures
from .long_cases import guided
from .reading import CASES, SLOW, run_case

MOST_S = 10
"""A case takes some milliseconds; this is a hang."""


@pytest.mark.parametrize("kind", [kind for kind in CASES if kind not in SLOW])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_hostile_data_end_in_a_sentence(kind, seed):
    assert_sentence(kind, seed)


@pytest.mark.parametrize("kind", SLOW)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=6, deadline=None)
def test_so_do_those_that_take_a_process(kind, seed):
    assert_sentence(kind, seed)


def assert_sentence(kind, seed):
    with tempfile.TemporaryDirectory() as above:
        folder = Path(above) / "data"
        folder.mkdir()
        began = time.monotonic()
        run_case(kind, seed, folder)
        assert time.monotonic() - began < MOST_S
        assert [path.name for path in Path(above).iterdir()] == ["data"]


@pytest.mark.parametrize("kind", pictures())
def test_every_kind_of_picture_is_read_or_refused(kind):
    """These are whole: none is taken for damaged, and what is not finite is replaced."""
    raster = decode(pictures()[kind])
    assert raster.pixels.size > 0
    assert np.isfinite(raster.pixels).all()
    assert ("NaN" in kind or "64-bit" in kind) == ("not-finite" in raster.oddities)


@pytest.mark.parametrize("size", [(10**5, 10**5), (2**31 - 1, 1), (MOST_PIXELS + 1, 1)])
@pytest.mark.parametrize("kind", ["bmp", "tiff"])
def test_bombs_of_other_kinds_are_refused_before_they_are_decoded(kind, size):
    data = bytearray(pictures()[kind])
    if kind == "bmp":
        data[18:26] = b"".join(side.to_bytes(4, "little") for side in size)
    else:
        first = int.from_bytes(data[4:8], "little") + 2
        for k, side in enumerate(size):
            data[first + 12 * k + 2 : first + 12 * k + 12] = (
                (4).to_bytes(2, "little") + (1).to_bytes(4, "little") + side.to_bytes(4, "little")
            )
    with pytest.raises(UnreadableError):
        decode(bytes(data))


def test_a_tiff_of_many_widths_is_refused():
    """Taken for a number, their tuple would be repeated as often as there are rows."""
    data = bytearray(pictures()["tiff of 64-bit reals"])
    width = int.from_bytes(data[4:8], "little") + 2
    assert data[width : width + 2] == (256).to_bytes(2, "little")
    data[width + 4 : width + 8] = (255).to_bytes(4, "little")
    with pytest.raises(UnreadableError, match="several widths"):
        decode(bytes(data), "indices")


def test_an_hdf5_file_that_sends_its_library_round_in_circles(tmp_path, monkeypatch):
    """One bit more in the length of a text, and reading an attribute never ends."""
    data = bytearray(targets.hdf5_seed())
    data[data.index(b"real") - 7] ^= 1
    (tmp_path / "a.h5").write_bytes(data)
    monkeypatch.setattr(hdf5_table, "LIMIT_S", 4)
    with pytest.raises(InputError, match=r"a\.h5: it cannot be read within 4 s: it is damaged"):
        survey_folder(tmp_path, DataOptions(size=8), 0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_an_hdf5_file_that_crashes_its_library(tmp_path, monkeypatch):
    """The child dies, as it would where the library reads memory that is not its own."""
    (tmp_path / "a.h5").write_bytes(targets.hdf5_seed())
    crash = tmp_path / "crash.sh"
    crash.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crash.chmod(0o755)
    monkeypatch.setattr(hdf5_table.sys, "executable", str(crash))
    with pytest.raises(InputError, match=r"a\.h5: it cannot be read: the HDF5 library breaks down"):
        survey_folder(tmp_path, DataOptions(size=8), 0)


@pytest.mark.parametrize("text", [b"[" * 10**5, b'"\\ud800"', b"\xff", b"{", "\udce4"])
def test_json_that_cannot_be_kept_is_no_json(text):
    with pytest.raises(ValueError, match=r"nested|half a character|Expecting|codec"):
        parse_json(text)
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_a_fuzzer_led_by_coverage_finds_its_way_in():
    pytest.importorskip("atheris", reason="atheris is not installed: pip install atheris")
    read, faults = guided("recipe", 200)
    assert (read, faults) == (200, [])
