"""The index: on disk and back, the same wherever the data lies, and true to the files."""

import dataclasses
import json
import shutil

import pytest

from medsynth.core.errors import InputError
from medsynth.data import survey
from medsynth.data.index import DataIndex, build_index
from medsynth.data.load import load_original, load_sample
from medsynth.data.options import DataOptions

from .conftest import blob, picture, save


def build(root, **options):
    return build_index(root, DataOptions(size=32, **options), seed=0)


def test_saved_and_loaded_is_equal(make_pairs, tmp_path):
    index = build(make_pairs(5))
    index.save(tmp_path / "run")
    assert DataIndex.load(tmp_path / "run") == index
    lines = (tmp_path / "run/items.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["id"] == "p0"


def test_hash_is_of_the_content_not_the_place(make_pairs, tmp_path_factory):
    root = make_pairs(5)
    index = build(root)
    elsewhere = tmp_path_factory.mktemp("moved") / "data"
    shutil.copytree(root, elsewhere)
    assert build(elsewhere).hash == index.hash
    assert build(root, fit="letterbox").hash != index.hash
    save(elsewhere / "images/p0.png", picture(77))
    assert build(elsewhere).hash != index.hash
    index.save(root / "run")
    moved = DataIndex.load(root / "run", root=elsewhere)
    assert load_sample(moved, moved.items[1]).id == "p1"


def test_a_torn_index_is_told(make_pairs, tmp_path):
    index = build(make_pairs(5))
    index.save(tmp_path / "run")
    with pytest.raises(InputError, match="cannot be read"):
        DataIndex.load(tmp_path / "nowhere")
    path = tmp_path / "run/items.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match="do not belong together"):
        DataIndex.load(tmp_path / "run")
    path.write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        DataIndex.load(tmp_path / "run")


def test_files_that_changed_or_went_are_told(make_pairs):
    root = make_pairs(4)
    index = build(root)
    save(root / "images/p0.png", picture(40))
    save(root / "masks/p1.png", blob(9))
    (root / "masks/p2.png").unlink()
    for load in (load_sample, load_original):
        with pytest.raises(InputError, match=r"images/p0\.png has changed since the fit"):
            load(index, index.items[0])
        with pytest.raises(InputError, match=r"masks/p1\.png has changed since the fit"):
            load(index, index.items[1])
        with pytest.raises(InputError, match="cannot be read"):
            load(index, index.items[2])


def test_a_single_pair_does_where_no_val_is_needed(make_pairs):
    root = make_pairs(1)
    with pytest.raises(InputError, match="only one usable pair"):
        build(root)
    index = build_index(root, DataOptions(size=32), seed=0, least_pairs=1)
    assert [item.split for item in index.items] == ["train"]
    assert not [note for note in index.notes if note.severity == "error"]


def test_duplicate_stems_and_a_single_pair(make_pairs):
    root = make_pairs(3)
    save(root / "images/p0.jpg", picture(0))
    with pytest.raises(InputError, match=r"images/p0\.jpg and images/p0\.png"):
        build(root)
    assert len(build(root, on_mismatch="skip").items) == 2
    (root / "images/p1.png").unlink()
    (root / "masks/p1.png").unlink()
    with pytest.raises(InputError, match="only one usable pair"):
        build(root, on_mismatch="skip")


def test_eleven_sizes_are_fine(tmp_path):
    for i in range(11):
        save(tmp_path / f"images/{i}.png", picture(i, (40 + i, 60 - i)))
        save(tmp_path / f"masks/{i}.png", blob(i, (40 + i, 60 - i)))
    index = build(tmp_path)
    assert {load_sample(index, item).mask.hw for item in index.items} == {(32, 32)}


def test_one_pixel_pictures(tmp_path):
    for i in range(3):
        save(tmp_path / f"images/{i}.png", picture(i, (1, 1 + i)))
        save(tmp_path / f"masks/{i}.png", blob(i, (1, 1 + i)) + 255)
    index = build(tmp_path)
    assert load_sample(index, index.items[0]).image.shape == (32, 32, 3)


def test_splits_never_share_an_item(make_pairs):
    index = build(make_pairs(20))
    train = {item.id for item in index.split("train")}
    for name in ("val", "test"):
        for item in index.split(name):
            assert load_sample(index, item).split == name
            assert item.id not in train


def test_items_are_frozen_and_sorted(make_pairs):
    index = build(make_pairs(12))
    assert [i.id for i in index.items] == sorted(i.id for i in index.items)
    with pytest.raises(dataclasses.FrozenInstanceError):
        index.items[0].split = "train"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("[1]", "no mapping"),
        ('{"a": "b"}', "no name by mask value"),
        ('{"classes": [1]}', "no value and name"),
        ('{"classes": [{"value": 1, "name": 2}]}', "no name by mask value"),
    ],
)
def test_a_bad_classes_file_is_an_error(make_pairs, text, said):
    root = make_pairs(3)
    (root / "classes.json").write_text(text)
    with pytest.raises(InputError, match=said):
        build(root)


def test_csv_files_of_several_tastes(make_pairs):
    root = make_pairs(4)
    (root / "a.csv").write_text("\ufeffStem;Kind\np0;x\np1;x\np2;y\np3;y\n", encoding="utf-8")
    (root / "notes.csv").write_text("who,what\nme,nothing\n")
    (root / "empty.csv").write_text("")
    assert len(build(root, where={"Kind": "x"}).items) == 2
    (root / "b.csv").write_text("stem,z\np0,1\np0,2\n")
    with pytest.raises(InputError, match="two rows for 'p0' that differ"):
        build(root)


def test_a_reader_that_gives_two_pairs_one_key_is_refused(make_pairs, monkeypatch):
    find = survey.find_pairs

    def careless(listing, options):
        name, found = find(listing, options)
        twin = dataclasses.replace(found.pairs[1], key=found.pairs[0].key)
        return name, dataclasses.replace(found, pairs=(found.pairs[0], twin, *found.pairs[2:]))

    monkeypatch.setattr(survey, "find_pairs", careless)
    for on_mismatch in ("error", "skip"):
        with pytest.raises(InputError, match=r"keys stand for several pairs \(1: p0\)") as caught:
            build(make_pairs(4), on_mismatch=on_mismatch)
        assert "fault of the reader 'paired-folders'" in caught.value.tip
