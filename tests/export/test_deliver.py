import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from medsynth.core.errors import InputError, UsageError
from medsynth.core.registry import Registry
from medsynth.core.types import Mask
from medsynth.exporters import deliver as deliver_module
from medsynth.exporters import replace_folder
from medsynth.exporters.deliver import deliver
from medsynth.exporters.exporter import EXPORTERS
from medsynth.exporters.options import ExportOptions
from medsynth.io.hashing import hash_file

from . import sets
from .sets import quiet

FORMATS = EXPORTERS.names()
OPTIONS = ExportOptions()


def make_set(**what):
    """Grey, since one of the formats holds nothing else."""
    return sets.make_set(**{"channels": 1, **what})


def files(folder):
    return {
        str(path.relative_to(folder)): hash_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def stopping(export_set, after):
    """The set, whose loading is interrupted after some samples."""
    left = iter(range(after))

    def load(row):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return export_set.load(row)

    return replace(export_set, load=load, about={"run": "other"})


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_set_gives_the_same_bytes_at_another_time_and_place(name, tmp_path):
    first = deliver(name, make_set(), tmp_path / "a", OPTIONS, quiet)
    time.sleep(1.1)
    deliver(name, make_set(), tmp_path / "deep" / "b", OPTIONS, quiet)
    found = files(tmp_path / "a")
    assert found == files(tmp_path / "deep" / "b")
    assert "export.json" in found
    assert first.counts == {
        "train": {"real": 4, "synthetic": 8},
        "val": {"real": 1},
        "test": {"real": 1},
    }
    text = (tmp_path / "a" / "export.json").read_text()
    assert str(tmp_path) not in text
    card = json.loads(text)
    assert card["lineage"] == {"synthetic": 8, "source_masks": 4, "without_known_source": 0}
    hashes = (tmp_path / "a" / card["files"]["hashes"]).read_text(encoding="utf-8")
    del found["files.sha256"]
    assert hashes == "".join(f"{found[path]}  {path}\n" for path in sorted(found))
    assert card["files"]["count"] == len(found) - 1
    assert "CVPR 2025" in card["cite"][0]


@pytest.mark.parametrize("name", FORMATS)
def test_an_interrupted_export_leaves_the_previous_one_whole(name, tmp_path):
    out = tmp_path / "out"
    deliver(name, make_set(), out, OPTIONS, quiet)
    before = files(out)
    with pytest.raises(KeyboardInterrupt):
        deliver(name, stopping(make_set(), 5), out, OPTIONS, quiet, overwrite=True)
    assert files(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", FORMATS)
def test_an_unchanged_export_is_not_done_again(name, tmp_path):
    first = deliver(name, make_set(), tmp_path / "out", OPTIONS, quiet)
    again = deliver(
        name,
        stopping(make_set(), 0).__class__(**fields(make_set())),
        tmp_path / "out",
        OPTIONS,
        quiet,
    )
    assert again == replace(first, up_to_date=True)


def fields(export_set):
    def load(row):
        raise AssertionError("nothing should be loaded")

    slots = {name: getattr(export_set, name) for name in export_set.__slots__}
    return {**slots, "load": load}


def test_a_damaged_export_is_not_taken_for_an_unchanged_one(tmp_path):
    out = tmp_path / "out"
    deliver("folder", make_set(), out, OPTIONS, quiet)
    (out / "train/images/real-0.png").unlink()
    (out / "labels.cache").write_text("x")
    with pytest.raises(
        UsageError,
        match="this very export, but files were added, changed or lost since "
        r"\(labels\.cache, train/images/real-0\.png\)\.",
    ):
        deliver("folder", make_set(), out, OPTIONS, quiet)
    assert not deliver("folder", make_set(), out, OPTIONS, quiet, overwrite=True).up_to_date


@pytest.mark.parametrize("name", FORMATS)
def test_one_flipped_byte_anywhere_is_noticed(name, tmp_path):
    out = tmp_path / "out"
    deliver(name, make_set(), out, OPTIONS, quiet)
    for path in sorted(out.rglob("*")):
        if path.is_file() and path.name != "export.json":
            whole = path.read_bytes()
            middle = len(whole) // 2
            flipped = bytes(byte ^ 1 for byte in whole[middle : middle + 1])
            path.write_bytes(whole[:middle] + (flipped or b"x") + whole[middle + 1 :])
            with pytest.raises(UsageError, match="holds this very export, but files were added"):
                deliver(name, make_set(), out, OPTIONS, quiet)
            path.write_bytes(whole)
    card = (out / "export.json").read_text(encoding="utf-8")
    (out / "export.json").write_text(card.replace("CVPR 2025", "CVPR 2024"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"\(export\.json\)"):
        deliver(name, make_set(), out, OPTIONS, quiet)
    (out / "export.json").write_text(card, encoding="utf-8")
    assert deliver(name, make_set(), out, OPTIONS, quiet).up_to_date
    (out / "files.sha256").unlink()
    with pytest.raises(UsageError, match=r"\(files\.sha256\)"):
        deliver(name, make_set(), out, OPTIONS, quiet)


def test_an_export_of_before_there_were_hashes_is_known_by_count_and_size(tmp_path):
    out = tmp_path / "out"
    deliver("folder", make_set(), out, OPTIONS, quiet)
    (out / "files.sha256").unlink()
    card = json.loads((out / "export.json").read_text())
    del card["files"]["hashes"]
    (out / "export.json").write_text(json.dumps(card))
    assert deliver("folder", make_set(), out, OPTIONS, quiet).up_to_date
    (out / "more.txt").write_text("x")
    with pytest.raises(UsageError, match=r"changed or lost since \(which ones is not known\)"):
        deliver("folder", make_set(), out, OPTIONS, quiet)


@pytest.mark.parametrize(
    ("options", "name"),
    [({"segmentation": "polygon"}, "coco"), ({"gzip_level": 9}, "hdf5"), ({}, "folder")],
)
def test_other_options_or_samples_need_overwrite(options, name, tmp_path):
    out = tmp_path / "out"
    deliver(name, make_set(), out, OPTIONS, quiet)
    changed = make_set() if options else make_set(reals=12)
    with pytest.raises(UsageError) as caught:
        deliver(name, changed, out, ExportOptions(**options), quiet)
    assert "--overwrite" in (caught.value.tip or "")
    deliver(name, changed, out, ExportOptions(**options), quiet, overwrite=True)
    assert not list(tmp_path.glob(".*"))


def test_a_folder_that_is_not_ours_is_never_replaced(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(UsageError, match="was not written by medsynth"):
        deliver("folder", make_set(), tmp_path, OPTIONS, quiet, overwrite=True)
    with pytest.raises(UsageError, match="is a file"):
        deliver("folder", make_set(), tmp_path / "thesis.tex", OPTIONS, quiet, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.skipif(not Path("/dev").is_mount(), reason="nothing is mounted there")
def test_a_mount_point_cannot_be_replaced():
    with pytest.raises(UsageError, match="/dev is a mount point") as caught:
        deliver("folder", make_set(), Path("/dev"), OPTIONS, quiet, overwrite=True)
    assert caught.value.tip == "Give a folder in it: --out /dev/export"


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "out").mkdir()
    assert deliver("folder", make_set(), tmp_path / "out", OPTIONS, quiet).out == tmp_path / "out"


def test_leftovers_of_dead_exports_go_and_a_moved_export_comes_back(tmp_path):
    out = tmp_path / "out"
    deliver("folder", make_set(), out, OPTIONS, quiet)
    before = files(out)
    dead = replace_folder._beside(out, replace_folder.NEW)
    (dead / "train").mkdir(parents=True)
    other = replace_folder._beside(tmp_path / "out2", replace_folder.NEW)
    other.mkdir()
    out.rename(replace_folder._beside(out, replace_folder.OLD))  # as after a crash in between
    assert deliver("folder", make_set(), out, OPTIONS, quiet).up_to_date
    assert files(out) == before
    assert {path.name for path in tmp_path.iterdir()} == {"out", other.name}


def test_two_exports_to_one_place_at_a_time(tmp_path):
    with (
        replace_folder.held(tmp_path / "out"),
        pytest.raises(InputError, match="another export is being written"),
    ):
        deliver("folder", make_set(), tmp_path / "out", OPTIONS, quiet)


def test_a_place_has_one_holder_though_its_lock_goes_with_each(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    inside, together, left = [], [], 40

    def export_again_and_again(_):
        nonlocal left
        while left > 0:
            try:
                with replace_folder.held(tmp_path / "out"):
                    inside.append(1)
                    together.append(len(inside))
                    time.sleep(0.001)
                    left -= 1
                    inside.pop()
            except InputError:
                continue

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(export_again_and_again, range(6)))
    assert len(together) >= 40
    assert set(together) == {1}
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_gets_the_list_of_all(tmp_path):
    with pytest.raises(UsageError) as caught:
        deliver("cocoo", make_set(), tmp_path, OPTIONS, quiet)
    assert "did you mean 'coco'?" in caught.value.what
    assert all(f"{name}: " in (caught.value.tip or "") for name in FORMATS)


def test_ids_that_differ_in_case_only_are_refused(tmp_path):
    export_set = make_set()
    twin = replace(export_set.rows[0], id=export_set.rows[0].id.upper())
    with pytest.raises(InputError, match="one file name"):
        deliver(
            "folder",
            replace(export_set, rows=(*export_set.rows, twin)),
            tmp_path / "out",
            OPTIONS,
            quiet,
        )


@pytest.mark.parametrize("wrong", ["class", "size", "split", "instances"])
def test_a_sample_that_is_not_what_was_listed_is_refused(wrong, tmp_path):
    export_set = make_set(instances=True)

    def load(row):
        sample = export_set.load(row)
        labels = sample.mask.labels.copy()
        if wrong == "class":
            labels[0, 0] = 9
        if wrong == "instances":
            labels[:] = labels == 0
        mask = replace(sample.mask, labels=labels)
        if wrong == "size":
            mask, image = replace(mask, labels=labels[1:]), sample.image
            return replace(sample, mask=mask, image=image)
        return replace(sample, mask=mask, split="val" if wrong == "split" else sample.split)

    with pytest.raises(InputError, match="cannot be exported"):
        deliver("folder", replace(export_set, load=load), tmp_path / "out", OPTIONS, quiet)
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_the_number_of_samples(tmp_path):
    import tracemalloc

    export_set = make_set(hw=(64, 64))
    rows = [replace(row, id=f"{row.id}-{k}") for k in range(20) for row in export_set.rows]

    def load(row):
        sample = export_set.load(replace(row, id=row.id.rpartition("-")[0]))
        labels = np.zeros((64, 64), np.uint8)
        labels[9:40, 20:50] = 1
        return replace(sample, id=row.id, image=np.array(sample.image), mask=Mask(labels))

    peaks = {}
    for count in (28, 280):
        big = replace(export_set, rows=tuple(rows[:count]), real=(), load=load)
        big = replace(big, rows=tuple(replace(r, sources=(), group=r.id) for r in big.rows))
        for name in FORMATS:
            tracemalloc.start()
            deliver(name, big, tmp_path / f"{name}-{count}", OPTIONS, quiet)
            peaks[name, count] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    for name in FORMATS:
        growth = (peaks[name, 280] - peaks[name, 28]) / 252
        assert growth < 3000, (name, growth)  # a row and its name; an image has 4096 bytes


def test_a_format_that_cannot_be_imported_is_listed_with_what_to_do(tmp_path, monkeypatch):
    registry = Registry("medsynth.exporters", "export format")
    registry.names()
    point = EntryPoint("dicom", "no_such_module:Dicom [dicom]", "medsynth.exporters")
    monkeypatch.setitem(registry._points, "dicom", point)
    monkeypatch.setattr(deliver_module, "EXPORTERS", registry)
    with pytest.raises(UsageError) as caught:
        deliver("nothing-like-it", make_set(), tmp_path, OPTIONS, quiet)
    lines = (caught.value.tip or "").splitlines()
    assert len(lines) == 1 + len(FORMATS) + 1
    assert any(line.startswith("  dicom: not usable now. Run: pip install") for line in lines)
