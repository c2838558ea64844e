import json

import pytest

from medsynth.training.checkpoints import CheckpointState
from medsynth.training.log import FitLog, read_log


def state(phase, step):
    return CheckpointState(phase, step, {"base": 10, "siamese": 5}, "hash")


@pytest.fixture
def write(tmp_path):
    def write(rows, resume=None):
        log = FitLog(tmp_path / "log.jsonl", tmp_path / "tensorboard", resume, base_steps=10)
        for phase, step in rows:
            log.write({"phase": phase, "step": step, "total": 0.5})
        log.close()
        return [(row["phase"], row["step"]) for row in read_log(tmp_path / "log.jsonl")]

    return write


def test_rows_come_back_in_order(write, tmp_path):
    assert write([("base", 2), ("siamese", 1)]) == [("base", 2), ("siamese", 1)]
    assert list((tmp_path / "tensorboard").iterdir())


def test_a_resumed_fit_drops_what_came_after_its_checkpoint(write):
    write([("base", 2), ("base", 4), ("siamese", 2), ("siamese", 4)])
    assert write([], state("siamese", 3)) == [("base", 2), ("base", 4), ("siamese", 2)]
    assert write([("base", 4)], state("base", 2)) == [("base", 2), ("base", 4)]


def test_a_new_fit_begins_a_new_log(write):
    write([("base", 2)])
    assert write([("base", 1)]) == [("base", 1)]


def test_a_torn_last_line_is_passed_over(write, tmp_path):
    write([("base", 2), ("base", 4)])
    path = tmp_path / "log.jsonl"
    path.write_bytes(path.read_bytes()[:-7])
    assert [row["step"] for row in read_log(path)] == [2]
    assert write([("base", 5)], state("base", 4)) == [("base", 2), ("base", 5)]


def test_tensorboard_has_the_same_figures(write, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    write([("base", 2), ("base", 4), ("siamese", 1)])
    found = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(e.step, e.value) for e in found.Scalars("base/total")] == [(2, 0.5), (4, 0.5)]
    assert [e.step for e in found.Scalars("siamese/total")] == [11]


def test_rows_are_json(write, tmp_path):
    write([("base", 1)])
    line = (tmp_path / "log.jsonl").read_text().splitlines()[0]
    assert json.loads(line) == {"phase": "base", "step": 1, "total": 0.5}
