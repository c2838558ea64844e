"""The manifest's cache: opening parses what it does not cover, and believes no other's."""

import json
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.core.errors import InputError
from medsynth.core.keys import key_of
from medsynth.io.sealed_lines import sealed, unsealed
from medsynth.store import ledger as module
from medsynth.store import sidecar
from medsynth.store.items import GivenUp
from medsynth.store.ledger import Ledger
from medsynth.store.lineage import Lineage
from medsynth.store.manifest import ManifestRow
from medsynth.store.samples import SampleStore
from medsynth.store.settled import PAGE, Settled

LINEAGE = Lineage(("real-1",), ({"op": "flip"},), 7, "0" * 64)


@pytest.fixture(autouse=True)
def _small_cache(monkeypatch):
    monkeypatch.setattr(module, "ROWS_A_CACHE", 4)


def row(index, reason="flat"):
    return ManifestRow(key_of(index), index, "given-up", {}, "", "train", LINEAGE, reason)


def filled(folder, count, first=0):
    ledger = Ledger(folder)
    for index in range(first, first + count):
        ledger.append([row(index)])
    return ledger


def answers(ledger):
    return (
        len(ledger),
        list(ledger.rows()),
        [ledger.settled.status(k) for k in range(12)],
        ledger.settled.first_open(),
        ledger.settled.count("given-up"),
    )


def unparsed(folder):
    """How many first rows an opening does not parse."""
    return Ledger(folder)._cached


@pytest.fixture
def short_block(monkeypatch):
    """As with a long manifest: what is edited stands before the block that is compared."""
    monkeypatch.setattr(sidecar, "BLOCK_BYTES", 100)


def edit(path, *changes):
    """Edit a manifest as somebody who knows about checksums."""
    texts = [unsealed(line) for line in path.read_bytes().splitlines(keepends=True)]
    for old, new in changes:
        texts = [text.replace(old.encode(), new.encode()) for text in texts]
    path.write_bytes(b"".join(map(sealed, texts)))


def test_rows_come_back_through_the_cache_and_only_the_rest_is_parsed(tmp_path, short_block):
    written = filled(tmp_path, 9)
    assert unparsed(tmp_path) == 8
    assert answers(Ledger(tmp_path)) == answers(written)
    assert Ledger(tmp_path)[6] == row(6)
    edit(tmp_path / "manifest.jsonl", ('"s0000002"', '"s000000?"'))
    ledger = Ledger(tmp_path)  # would be an error, were line 2 parsed
    with pytest.raises(InputError, match=r"manifest.jsonl, line 2: the id"):
        list(ledger.rows())


def test_a_reader_writes_nothing_and_a_writer_makes_up_for_a_lost_cache(tmp_path):
    filled(tmp_path, 9)
    (tmp_path / "manifest.cache").unlink()
    assert len(Ledger(tmp_path)) == 9
    assert not (tmp_path / "manifest.cache").exists()
    Ledger(tmp_path).recover()
    assert unparsed(tmp_path) == 9


@pytest.mark.parametrize("cut", [0, 1, 100, 2000])
def test_a_torn_cache_is_not_believed(tmp_path, cut):
    expected = answers(filled(tmp_path, 9))
    path = tmp_path / "manifest.cache"
    path.write_bytes(path.read_bytes()[:cut])
    assert unparsed(tmp_path) == 0
    assert answers(Ledger(tmp_path)) == expected


@given(place=st.integers(0, 5000), value=st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_a_changed_byte_anywhere_is_not_believed(tmp_path_factory, place, value):
    folder = tmp_path_factory.mktemp("ledger")
    module.ROWS_A_CACHE = 4
    expected = answers(filled(folder, 5))
    path = folder / "manifest.cache"
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= value
    path.write_bytes(data)
    assert answers(Ledger(folder)) == expected


def test_the_cache_of_another_manifest_is_not_believed(tmp_path):
    filled(tmp_path / "a", 8)
    other = Ledger(tmp_path / "b")
    other.append([row(index, "dull") for index in range(3, 11)])
    shutil.copy(tmp_path / "a" / "manifest.cache", tmp_path / "b")
    assert unparsed(tmp_path / "b") == 0
    assert Ledger(tmp_path / "b").settled.status(0) is None


@pytest.mark.parametrize("gone", [0, 3, 7])
def test_a_line_taken_out_is_noticed(tmp_path, gone):
    filled(tmp_path, 8)
    path = tmp_path / "manifest.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:gone] + lines[gone + 1 :]))
    ledger = Ledger(tmp_path)
    assert (ledger.settled.status(gone), len(ledger)) == (None, 7)
    ledger.append([row(gone)])
    assert len(list(Ledger(tmp_path).rows())) == 8


def test_a_row_edited_in_place_is_noticed_when_it_is_read(tmp_path, short_block):
    filled(tmp_path, 8)
    path = tmp_path / "manifest.jsonl"
    edit(path, ('"index":1,', '"index":9,'), ('"s0000002"', '"s0000010"'))
    with pytest.raises(InputError, match=r"line 2 was edited since manifest.cache") as caught:
        list(Ledger(tmp_path).rows())
    assert "delete" in (caught.value.tip or "")


def test_killed_between_manifest_and_cache(tmp_path):
    filled(tmp_path, 8)
    old = (tmp_path / "manifest.cache").read_bytes()
    expected = answers(filled(tmp_path, 4, first=8))
    (tmp_path / "manifest.cache").write_bytes(old)
    assert unparsed(tmp_path) == 8
    assert answers(Ledger(tmp_path)) == expected


def test_a_torn_line_behind_what_is_cached(tmp_path):
    filled(tmp_path, 10)
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    ledger = Ledger(tmp_path)
    assert (len(ledger), ledger.settled.first_open()) == (9, 9)
    assert ledger.recover() > 0
    ledger.append([row(9)])
    assert len(Ledger(tmp_path)) == 10


@pytest.mark.parametrize("change", [{"index": -1}, {"index": 1 << 70}, {"id": "s0000009"}])
def test_an_id_follows_from_its_index(tmp_path, change):
    filled(tmp_path, 1)
    path = tmp_path / "manifest.jsonl"
    path.write_text(json.dumps(json.loads(path.read_text()) | change) + "\n")
    with pytest.raises(InputError, match="line 1"):
        Ledger(tmp_path)
    with pytest.raises(ValueError, match="plan index 4 is s0000005, not s0000001"):
        SampleStore(tmp_path / "new").add([GivenUp("s0000001", 4, LINEAGE, "flat")])


def test_indices_far_apart_cost_a_page_each():
    settled_ = Settled()
    for index in (0, 1, PAGE - 1, 1 << 50):
        settled_.note(index, "accepted")
    assert len(list(settled_.pages())) == 2
    assert (len(settled_), settled_.first_open()) == (4, 2)
    for index in range(2, PAGE - 1):
        settled_.note(index, "given-up")
    assert settled_.first_open() == PAGE
    assert settled_.status(1 << 50) == "accepted"
    assert settled_.status(PAGE) is None
