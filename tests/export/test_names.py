import csv
from dataclasses import replace

import pytest

from medsynth.core.errors import InputError, UsageError
from medsynth.core.options import parse_options
from medsynth.core.words import counted
from medsynth.exporters.deliver import deliver
from medsynth.exporters.exporter import EXPORTERS, Row
from medsynth.exporters.names import ANY_NAME, WITHOUT_DOTS, make_names, safe_name
from medsynth.exporters.options import ExportOptions

from .readers import READERS
from .sets import make_set, quiet


def rows(*ids):
    return [Row(name, "train", "real", f"group of {name}") for name in ids]


def called(export_set, **names):
    """The set with other ids, as another source than a run may have them."""
    old = {names.get(row.id, row.id): row for row in export_set.rows}
    sources = {row.id: tuple(names.get(s, s) for s in row.sources) for row in export_set.rows}
    return replace(
        export_set,
        rows=tuple(replace(row, id=name, sources=sources[row.id]) for name, row in old.items()),
        real=(),
        load=lambda row: replace(export_set.load(old[row.id]), id=row.id),
    )


def table(folder):
    with (folder / "renamed.csv").open(newline="", encoding="utf-8") as file:
        return {row["old"]: row["new"] for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{split}", "must hold {id}"),
        ("{id}_{group}", "may hold the fields {id}, {split}, {origin}"),
        ("{id.__class__}", "may hold the fields"),
        ("{id!r}", "as they are"),
        ("{id:>9}", "as they are"),
        ("../{id}", "letters, digits"),
        ("a/{id}", "letters, digits"),
        ("{id", "no template"),
    ],
)
def test_a_wrong_template_is_refused(template, message):
    with pytest.raises(UsageError) as caught:
        parse_options(ExportOptions, {"name_template": template}, "export")
    assert message in caught.value.what


@pytest.mark.parametrize("name", EXPORTERS.names())
def test_a_template_names_the_files_of_every_format(name, tmp_path, capsys):
    export_set = make_set(channels=1)
    options = ExportOptions(name_template="{split}-{origin}_{id}")
    result = deliver(name, export_set, tmp_path / "out", options, quiet)
    expected = {row.id: f"{row.split}-{row.origin}_{row.id}" for row in export_set.rows}
    assert READERS[name](tmp_path / "out").keys() == set(expected.values())
    assert table(tmp_path / "out") == expected
    assert not any("renamed" in note for note in result.notes)  # as asked for
    assert deliver(name, export_set, tmp_path / "out", options, quiet).up_to_date
    with pytest.raises(UsageError, match="holds another export"):
        deliver(name, export_set, tmp_path / "out", ExportOptions(), quiet)


@pytest.mark.parametrize("name", EXPORTERS.names())
def test_no_name_of_the_data_leaves_the_export(name, tmp_path, capsys):
    names = {"real-0": "../../a", "real-1": "/etc/x", "syn-00000": "..", "syn-00001": "nul"}
    export_set = called(make_set(channels=1), **names)
    result = deliver(name, export_set, tmp_path / "out", ExportOptions(), quiet)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    found = table(tmp_path / "out")
    assert found.keys() == set(names.values())
    assert all(safe_name(new) == new for new in found.values())
    assert READERS[name](tmp_path / "out").keys() >= set(found.values())
    assert any("Renamed: 4 samples." in note for note in result.notes)


@pytest.mark.parametrize(
    ("name", "given", "becomes"),
    [
        ("webdataset", ("a.b", "a_b", "a.b.c"), ("a_b-2", "a_b", "a_b_c")),
        ("mmseg", ("a.png", "b", "c"), ("a_png", "b", "c")),
        ("nnunet", ("x_seg", "x", "x_segment"), ("x-seg", "x", "x_segment")),
        ("folder", ("a.b", "b_seg", "c.png"), ("a.b", "b_seg", "c.png")),
    ],
)
def test_what_a_format_forbids_is_renamed_listed_and_counted(name, given, becomes, tmp_path):
    ids = ("real-0", "real-1", "syn-00000")
    export_set = called(make_set(), **dict(zip(ids, given, strict=True)))
    result = deliver(name, export_set, tmp_path / "out", ExportOptions(), quiet)
    changed = {old: new for old, new in zip(given, becomes, strict=True) if old != new}
    assert READERS[name](tmp_path / "out").keys() >= set(becomes)
    if changed:
        assert table(tmp_path / "out") == changed
        assert any(f"Renamed: {counted(len(changed), 'sample')}." in note for note in result.notes)
    else:
        assert not (tmp_path / "out" / "renamed.csv").exists()


def test_sources_are_named_as_their_files_are(tmp_path):
    export_set = make_set()
    options = ExportOptions(name_template="x{id}")
    deliver("folder", export_set, tmp_path / "out", options, quiet)
    with (tmp_path / "out" / "samples.csv").open(newline="", encoding="utf-8") as file:
        listed = {row["id"]: row["sources"] for row in csv.DictReader(file)}
    assert {source for source in listed.values() if source} <= listed.keys()


def test_names_that_the_rule_makes_one_are_told_apart():
    names, changed = make_names(rows("a.b", "A_B", "a_b-2", "a.B."), "{id}", WITHOUT_DOTS)
    assert names == {"a.b": "a_b-3", "A_B": "A_B", "a_b-2": "a_b-2", "a.B.": "a_B-4"}
    assert changed == ["a.b", "a.B."]


def test_ids_that_are_one_file_are_refused():
    with pytest.raises(InputError, match="one file name: B and b"):
        make_names(rows("b", "B"), "{id}", ANY_NAME)
