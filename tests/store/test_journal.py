"""The journal: rows whole or not at all, whatever a kill left."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.core.errors import InputError
from medsynth.store.journal import Journal

ROWS = [{"k": 0}, {"k": 1, "text": "größer\nthan \u2028 two lines"}, {"k": 2, "deep": {"a": [1.5]}}]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "log.jsonl"


def filled(path, rows=ROWS):
    journal = Journal(path)
    journal.append(rows)
    return journal


def test_a_missing_file_is_an_empty_journal(path) -> None:
    journal = Journal(path)
    assert (len(journal), list(journal), journal.torn_bytes) == (0, [], 0)
    assert journal.recover() == 0
    journal.append([])
    assert not path.exists()


def test_rows_come_back_in_order_here_and_on_opening(path) -> None:
    journal = filled(path, ROWS[:1])
    journal.append(ROWS[1:])
    for each in (journal, Journal(path)):
        assert list(each) == ROWS
        assert [each[k] for k in range(len(each))] == ROWS
        with pytest.raises(IndexError):
            each[3]


def test_a_kill_at_any_byte_of_the_last_row(path) -> None:
    filled(path)
    whole = path.read_bytes()
    start = len(b"".join(whole.splitlines(keepends=True)[:-1]))
    for cut in range(start, len(whole)):
        path.write_bytes(whole[:cut])
        journal = Journal(path)
        assert list(journal) == ROWS[:2]
        assert journal.torn_bytes == cut - start
        assert path.read_bytes() == whole[:cut], "opening must not write"
        journal.append(ROWS[2:])
        assert path.read_bytes() == whole
        assert list(journal) == ROWS


@pytest.mark.parametrize("tail", [b"\0\0\0\n", b'{"k": 3\n', b"[1]\n", b"\xff\xfe\n", b"\n"])
def test_a_damaged_last_line_is_cut(path, tail) -> None:
    filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    journal = Journal(path)
    assert list(journal) == ROWS
    assert journal.recover() == len(tail)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("damage", [b"{\n", b"7\n", b"\n", b"\0\n"])
def test_a_damaged_line_in_the_middle_is_named(path, damage) -> None:
    filled(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + damage + lines[2])
    journal = Journal(path)
    with pytest.raises(InputError, match=r"log\.jsonl, line 2"):
        list(journal)
    assert journal[2] == ROWS[2]


def test_what_json_cannot_hold_is_not_written_in_part(path) -> None:
    journal = filled(path)
    whole = path.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        journal.append([{"k": 3}, {"loss": float("nan")}])
    assert path.read_bytes() == whole


def test_two_writers_are_noticed(path) -> None:
    one, two = filled(path), Journal(path)
    two.append([{"k": 3}])
    with pytest.raises(InputError, match="changed by another process"):
        one.append([{"k": 4}])
    assert [row["k"] for row in Journal(path)] == [0, 1, 2, 3]


def test_a_reader_meets_a_writer(path) -> None:
    """A row half written when the reader opened is whole when the reader writes: no cut."""
    filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    reader = Journal(path)
    path.write_bytes(whole + b'{"k": 3}\n')
    with pytest.raises(InputError, match="changed by another process"):
        reader.recover()
    assert len(Journal(path)) == 4


def test_a_failed_append_leaves_no_trace(path, monkeypatch) -> None:
    journal = filled(path)

    def full_disk(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("medsynth.store.journal.os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        journal.append([{"k": 3}])
    monkeypatch.undo()
    journal.append([{"k": 4}])
    assert [row["k"] for row in journal] == [0, 1, 2, 4]
    assert [row["k"] for row in Journal(path)] == [0, 1, 2, 4]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(
    rows=st.lists(st.dictionaries(st.text(), json_values, max_size=3), max_size=6), data=st.data()
)
@settings(deadline=None, max_examples=50)
def test_any_rows_cut_anywhere(tmp_path_factory, rows, data) -> None:
    path = tmp_path_factory.mktemp("journal") / "log.jsonl"
    journal = Journal(path)
    journal.append(rows[:2])
    journal.append(rows[2:])
    assert list(Journal(path)) == rows
    if not rows:
        return
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    left = list(Journal(path))
    assert left == rows[: whole[:cut].count(b"\n")]


def test_a_million_rows_open_in_a_moment(path, monkeypatch) -> None:
    import time

    path.parent.mkdir()
    line = json.dumps({"index": 7, "text": "x" * 80}) + "\n"
    path.write_text(line * 1_000_000)
    monkeypatch.setattr("medsynth.store.journal.CHUNK_BYTES", 1 << 20)
    start = time.perf_counter()
    journal = Journal(path)
    assert len(journal) == 1_000_000
    assert journal[765_432]["index"] == 7
    assert time.perf_counter() - start < 2
