"""A damaged file of a run: a sentence and the right exit code, or its last good state."""

import json
import random
import shutil

import pytest

from medsynth.core.errors import InputError
from medsynth.data.records import DataIndex
from medsynth.data.trained_on import read_trained_on
from medsynth.io.sealed_lines import sealed, unsealed
from medsynth.store.journal import Journal
from medsynth.training.log import read_log

from .damage import flipped, other, suffer, targets, truncated, zeroed


@pytest.mark.parametrize("seed", range(6))
def test_any_file_may_be_damaged_in_any_way(seed, forked, verbs, tmp_path):
    """The long run tries every file; here each seed takes another that is no picture."""
    folder = shutil.copytree(verbs["augment"].whole, tmp_path / "copy")
    files = [path for path in targets(folder / "run") if path.suffix != ".png"]
    file = random.Random(seed).choice(files)
    _, faults = suffer(forked, folder, file, seed)
    assert faults == []


@pytest.mark.parametrize("seed", range(20))
def test_a_bit_that_flips_in_a_row_is_noticed(seed, tmp_path):
    rng = random.Random(seed)
    line = sealed(json.dumps({"id": "s1", "group": "patient-12", "index": 3}).encode())
    assert json.loads(unsealed(line))["index"] == 3
    changed = flipped(line[: line.index(b',"crc32"')], rng) + line[line.index(b',"crc32"') :]
    with pytest.raises(ValueError, match="checksum"):
        unsealed(changed)


@pytest.mark.parametrize("row", [1, 2])
def test_a_changed_row_of_a_journal_is_named_the_last_one_too(tmp_path, row):
    journal = Journal(tmp_path / "plan.jsonl")
    journal.append([{"group": f"patient-{k}"} for k in range(3)])
    journal.path.write_text(journal.path.read_text().replace(f"patient-{row}", "patient-7"))
    with pytest.raises(InputError, match=f"line {row + 1} is damaged: its checksum is another"):
        list(Journal(journal.path))


def test_a_file_of_the_index_that_was_edited_is_not_believed(own_run):
    path = own_run / "items.jsonl"
    path.write_text(path.read_text().replace('"source_hw": [32, 32]', '"source_hw": [32, 31]', 1))
    with pytest.raises(InputError, match="do not belong together"):
        DataIndex.load(own_run)


def test_what_weights_have_learned_from_is_not_believed_where_it_is_damaged(own_run):
    path = own_run / "trained_on.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"p0', b'"p9', 1))
    with pytest.raises(InputError, match="checksum"):
        read_trained_on(own_run)


@pytest.mark.parametrize("damage", [truncated, zeroed, other])
def test_a_log_loses_only_the_lines_that_are_damaged(own_run, damage):
    path, rng = own_run / "log.jsonl", random.Random(1)
    whole = read_log(path)
    path.write_bytes(path.read_bytes() + damage(path.read_bytes(), rng) + b'\n{"phase": 7}\n\xff\n')
    assert read_log(path)[: len(whole)] == whole
    assert all(row["phase"] in ("base", "siamese") for row in read_log(path))


def test_runs_of_older_versions_have_no_checksums(own_augmented, medsynth):
    for path in own_augmented.rglob("*.jsonl"):
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(unsealed(line).rstrip() + b"\n" for line in lines))
    index = json.loads((own_augmented / "index.json").read_text())
    del index["items_sha256"]
    (own_augmented / "index.json").write_text(json.dumps(index))
    assert medsynth("augment", "--n", 7, "--run", own_augmented).code == 0


def test_a_run_of_a_later_format_is_refused_with_its_number(own_run, medsynth):
    path = own_run / "index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    said = medsynth("augment", "--n", 2, "--run", own_run)
    assert said.code == 3
    assert "is of format 99" in said.err


def test_a_run_that_was_moved_goes_on(own_augmented, medsynth, tmp_path):
    moved = tmp_path / "elsewhere" / "other name"
    moved.parent.mkdir()
    own_augmented.rename(moved)
    assert medsynth("augment", "--n", 7, "--run", moved).code == 0
    assert medsynth("export", "--format", "folder", "--run", moved).code == 0


def test_data_that_came_after_the_fit_change_nothing(medsynth, blobs, recipe):
    data = blobs(n=6)
    steps = ("--steps", 1, "--set", "base.steps=1")
    assert medsynth("fit", data, "--recipe", recipe, "--run", "r", *steps).code == 0
    for kind in ("images", "masks"):
        shutil.copy(data / kind / "p00.png", data / kind / "new.png")
    assert medsynth("augment", "--n", 2, "--run", "r").code == 0
    (data / "images" / "p00.png").write_bytes((data / "images" / "p01.png").read_bytes())
    said = medsynth("fit", "--resume", "--run", "r")
    assert (said.code, "has changed since the fit" in said.err) == (3, True)
