"""The sample store: what a kill leaves, what a reader gets, what is refused."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.core.errors import InputError
from medsynth.core.types import Mask, Sample
from medsynth.io.atomic import TEMPORARY_PREFIX
from medsynth.io.hashing import hash_file
from medsynth.store.ids import check_id
from medsynth.store.lineage import Lineage
from medsynth.store.manifest import ManifestRow
from medsynth.store.samples import GivenUp, NewSample, SampleStore

LINEAGE = Lineage(
    sources=("real-1", "real-2"),
    steps=({"op": "flip", "params": {"horizontal": True}, "donors": []},),
    seed=7,
    checkpoint_sha256="0" * 64,
    sampler={"name": "ddim", "steps": 20, "guidance_scale": 1.5},
    gates={"dice": 0.91},
)


def new(index: int, channels: int = 3, instances: bool = True) -> NewSample:
    rng = np.random.default_rng(index)
    labels = rng.integers(0, 2, (9, 7)).astype(np.uint8)
    ids = (np.cumsum(labels).reshape(9, 7) * labels).astype(np.uint16) * 300
    sample = Sample(
        id=f"s{index + 1:07d}",
        image=rng.integers(0, 256, (9, 7, channels)).astype(np.uint8),
        mask=Mask(labels, ids if instances else None),
        split="train",
        origin="synthetic",
        group="patient-1+patient-2",
    )
    return NewSample(sample, index, LINEAGE)


def given_up(index: int) -> GivenUp:
    return GivenUp(f"s{index + 1:07d}", index, LINEAGE, "Dice 0.3 is below 0.7", "patient-1")


def assert_same(read: Sample, added: NewSample) -> None:
    sample = added.sample
    np.testing.assert_array_equal(read.image, sample.image)
    assert read.image.dtype == np.uint8
    assert read.mask.same_as(sample.mask)
    same = replace(read, image=sample.image, mask=sample.mask, lineage={})
    assert (same.id, same.split, same.origin, same.group) == (
        sample.id, "train", "synthetic", sample.group,
    )  # fmt: skip
    assert Lineage.from_json(read.lineage) == LINEAGE


def snapshot(folder) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(("channels", "instances"), [(1, False), (3, True)])
def test_samples_come_back(tmp_path, channels, instances) -> None:
    added = [new(k, channels, instances) for k in range(3)]
    store = SampleStore(tmp_path)
    store.add(added[:2])
    store.add([given_up(5), added[2]])
    for each in (store, SampleStore(tmp_path)):
        assert [k for k in range(9) if each.settled(k)] == [0, 1, 2, 5]
        assert [each.status(k) for k in (2, 3, 5)] == ["accepted", None, "given-up"]
        assert each.first_open() == 3
        assert (len(each), each.count("given-up")) == (3, 1)
        for read, item in zip(each.samples(verify=True), added, strict=True):
            assert_same(read, item)
    assert (tmp_path / "instances").exists() == instances


def test_an_unwritten_store_is_empty_and_stays_unwritten(tmp_path) -> None:
    store = SampleStore(tmp_path / "samples")
    assert (list(store), store.first_open(), len(store)) == ([], 0, 0)
    assert store.recover() == 0
    assert not (tmp_path / "samples").exists()


def test_rows_hold_hashes_status_and_lineage(tmp_path) -> None:
    store = SampleStore(tmp_path)
    written = store.add([new(0), given_up(1)])
    accepted, lost = SampleStore(tmp_path).rows()
    assert [accepted, lost] == written
    for kind in ("images", "masks", "instances"):
        assert accepted.files[kind] == hash_file(tmp_path / kind / "s0000001.png")
    assert accepted.lineage == LINEAGE
    assert (lost.status, lost.files, lost.reason) == ("given-up", {}, "Dice 0.3 is below 0.7")


def test_a_kill_at_any_byte_of_the_last_row_gives_the_same_store_again(tmp_path) -> None:
    SampleStore(tmp_path).add([new(0)])
    SampleStore(tmp_path).add([new(1)])
    whole = snapshot(tmp_path)
    manifest = tmp_path / "manifest.jsonl"
    data = manifest.read_bytes()
    for cut in range(data.index(b"\n") + 1, len(data)):
        manifest.write_bytes(data[:cut])
        store = SampleStore(tmp_path)
        assert (store.settled(0), store.first_open()) == (True, 1)
        assert [each.id for each in store] == ["s0000001"], "the orphan PNGs are no sample"
        if cut % 32 == 0 or cut > len(data) - 3:
            store.add([new(1)])
            assert snapshot(tmp_path) == whole


def test_a_kill_between_the_files_of_a_sample(tmp_path, monkeypatch) -> None:
    written = []

    def killed(source, target):
        if len(written) == 1:
            raise KeyboardInterrupt
        written.append(target)
        replace_file(source, target)

    replace_file = os.replace
    monkeypatch.setattr("medsynth.io.file_batch.os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        SampleStore(tmp_path).add([new(0)])
    monkeypatch.undo()
    assert [path.name for path in tmp_path.rglob("*.*")] == ["s0000001.png"]
    assert list(SampleStore(tmp_path)) == []
    SampleStore(tmp_path).add([new(0)])
    assert_same(next(iter(SampleStore(tmp_path))), new(0))


def test_leftovers_go_when_the_writer_comes(tmp_path) -> None:
    SampleStore(tmp_path).add([new(0)])
    leftover = tmp_path / "images" / f"{TEMPORARY_PREFIX}abc"
    leftover.write_bytes(b"half")
    assert len(list(SampleStore(tmp_path))) == 1
    assert leftover.exists()
    SampleStore(tmp_path).add([new(1)])
    assert not leftover.exists()


def test_the_same_sample_twice_is_our_bug(tmp_path) -> None:
    store = SampleStore(tmp_path)
    store.add([new(0)])
    with pytest.raises(ValueError, match="s0000001"):
        store.add([new(0)])
    with pytest.raises(ValueError, match="s0000002"):
        store.add([new(1), given_up(1)])
    assert snapshot(tmp_path).keys() >= {"manifest.jsonl"}
    assert len(SampleStore(tmp_path)) == 1


def test_a_sample_named_twice_in_the_manifest(tmp_path) -> None:
    SampleStore(tmp_path).add([new(0)])
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes() * 2)
    with pytest.raises(InputError, match="twice"):
        SampleStore(tmp_path)


@pytest.mark.parametrize("kind", ["images", "masks", "instances"])
def test_missing_and_damaged_files_are_named(tmp_path, kind) -> None:
    SampleStore(tmp_path).add([new(0), new(1)])
    path, other = (tmp_path / kind / f"s000000{k}.png" for k in (1, 2))
    path.write_bytes(other.read_bytes())
    assert len(list(SampleStore(tmp_path))) == 2
    with pytest.raises(InputError, match=f"{kind}/s0000001.png is not the file"):
        list(SampleStore(tmp_path).samples(verify=True))
    path.write_bytes(other.read_bytes()[:60])
    with pytest.raises(InputError, match=f"{kind}/s0000001.png cannot be read"):
        list(SampleStore(tmp_path))
    path.unlink()
    with pytest.raises(InputError, match=f"{kind}/s0000001.png is missing"):
        list(SampleStore(tmp_path))


def test_files_of_another_size_or_kind_are_named(tmp_path) -> None:
    from medsynth.io.images import write_png

    SampleStore(tmp_path).add([new(0)])
    write_png(tmp_path / "masks" / "s0000001.png", np.zeros((3, 3), np.uint8))
    with pytest.raises(InputError, match=r"masks/s0000001.png is \(3, 3\)"):
        list(SampleStore(tmp_path))
    write_png(tmp_path / "masks" / "s0000001.png", np.zeros((9, 7, 3), np.uint8))
    with pytest.raises(InputError, match=r"masks/s0000001.png is uint8 \(9, 7, 3\)"):
        list(SampleStore(tmp_path))


BAD_IDS = ["", "../../etc/passwd", "a/b", "a.png", "a\n", "é", "x" * 101, "C:\\x", "a b", "\0"]


@pytest.mark.parametrize("bad", BAD_IDS)
def test_ids_that_are_no_file_names(tmp_path, bad) -> None:
    item = new(0)
    with pytest.raises(InputError, match="cannot be a file name"):
        SampleStore(tmp_path).add([NewSample(replace(item.sample, id=bad), 0, LINEAGE)])
    assert snapshot(tmp_path) == {}
    SampleStore(tmp_path).add([item])
    manifest = tmp_path / "manifest.jsonl"
    row = json.loads(manifest.read_text()) | {"id": bad}
    manifest.write_text(json.dumps(row) + "\n")
    with pytest.raises(InputError, match=r"manifest.jsonl, line 1: the id"):
        SampleStore(tmp_path)


@given(st.text(max_size=120))
def test_what_passes_as_an_id_has_no_path_in_it(text) -> None:
    try:
        check_id(text, "test")
    except InputError:
        return
    assert 1 <= len(text) <= 100
    assert all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in text)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "maybe"}, {"split": "all"}, {"files": 3}, {"index": None}, {"lineage": {}},
        {"lineage": None}, {"files": {}}, {"files": {"images": "a", "masks": "b", "../x": "c"}},
    ],
)  # fmt: skip
def test_wrong_rows_are_named(tmp_path, change) -> None:
    SampleStore(tmp_path).add([new(0)])
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change) + "\n")
    with pytest.raises(InputError, match=r"manifest.jsonl, line 1: "):
        SampleStore(tmp_path)


def test_values_of_later_versions_are_kept() -> None:
    row = ManifestRow("a", 0, "given-up", {}, "", "train", LINEAGE, "why")
    later = row.to_json() | {"novel": [1, 2]}
    assert ManifestRow.from_json(later, "here").to_json() == later
    assert ManifestRow.from_json(row.to_json(), "here") == row


def test_the_mask_of_a_row_is_replayed_from_its_sources(tmp_path) -> None:
    """Lineage is enough: source masks and steps give the very mask that lies in the store."""
    from medsynth.masks.operators import operator
    from medsynth.masks.options import MaskOptions
    from medsynth.masks.perturbation import Step
    from medsynth.masks.plan import extend_plan
    from medsynth.masks.render import render
    from medsynth.testing import corner_masks

    nested = corner_masks()["nested-instances"]
    turned = Mask(nested.labels[::-1].copy(), nested.instances[::-1].copy())
    sources = {"one": nested, "two": turned}
    store = SampleStore(tmp_path)
    for entry in extend_plan([], 12, sources, MaskOptions(), 5):
        mask = render(entry, sources)
        image = np.zeros((*mask.hw, 1), np.uint8)
        sample = Sample(entry.key, image, mask, "train", "synthetic", "")
        steps = tuple(step.to_json() for step in entry.steps)
        lineage = replace(LINEAGE, sources=entry.source_ids(), steps=steps)
        store.add([NewSample(sample, entry.index, lineage)])
    for row in SampleStore(tmp_path).rows():
        mask = sources[row.lineage.sources[0]]
        for step in map(Step.from_json, row.lineage.steps):
            mask = operator(step.op).apply(mask, step, sources)
        assert mask.same_as(store.read(row, verify=True).mask)


def test_rows_say_what_their_masks_show(tmp_path) -> None:
    added = new(0)
    facts = {"classes": [1, 3], "area_px": 12}
    SampleStore(tmp_path).add([added, replace(given_up(1), shows=facts), given_up(2)])
    rows = list(SampleStore(tmp_path).rows())
    area = int((added.sample.mask.labels > 0).sum())
    assert [row.shows for row in rows] == [{"classes": [1], "area_px": area}, facts, None]
    old = {key: value for key, value in rows[0].to_json().items() if key != "shows"}
    assert ManifestRow.from_json(old, "here").shows is None
    with pytest.raises(InputError, match="here"):
        ManifestRow.from_json(old | {"shows": {"classes": [1]}}, "here")
