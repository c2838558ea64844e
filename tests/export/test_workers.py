import threading
from dataclasses import replace

import pytest

from medsynth.core.errors import InputError
from medsynth.exporters.deliver import deliver
from medsynth.exporters.exporter import EXPORTERS
from medsynth.exporters.options import ExportOptions
from medsynth.io.ordered import ordered_map

from .sets import make_set, quiet
from .test_deliver import files


@pytest.mark.parametrize("name", EXPORTERS.names())
def test_any_number_of_workers_gives_the_same_bytes(name, tmp_path):
    for workers in (1, 4):
        options = ExportOptions(workers=workers)
        out = tmp_path / str(workers)
        deliver(name, make_set(channels=1, instances=True), out, options, quiet)
    assert files(tmp_path / "1") == files(tmp_path / "4")


def test_an_error_comes_in_the_place_of_its_result_and_stops_the_rest():
    started = []

    def half(number):
        started.append(number)
        if number == 7:
            raise InputError("seven")
        return number / 2

    found = []
    with pytest.raises(InputError, match="seven"):
        found.extend(ordered_map(half, range(1000), workers=3))
    assert found == [number / 2 for number in range(7)]
    assert len(started) < 30


def test_no_more_results_wait_than_stated():
    held = threading.Semaphore(0)
    results = ordered_map(lambda number: held.release() or number, range(100), workers=2)
    assert next(results) == 0
    assert sum(held.acquire(blocking=False) for _ in range(100)) <= 6
    results.close()


def test_pixels_are_loaded_by_several_threads():
    seen = set()
    barrier = threading.Barrier(2, timeout=20)
    export_set = make_set(reals=1)
    rows = export_set.rows[:2]

    def load(row):
        barrier.wait()
        seen.add(threading.get_ident())
        return export_set.load(row)

    list(replace(export_set, rows=rows, load=load, workers=2))
    assert len(seen) == 2
