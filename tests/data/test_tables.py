"""CSV files: cells in quotes and odd line ends; what medsynth wrote comes back as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.data.tables import read_table, read_tables
from medsynth.io.cells import write_cells

HEAD = ("id", "split", "origin", "group", "sources")


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\u2028b", "a\x85b", "a\x0bb", 'a"\n"b'])
def test_a_cell_in_quotes_may_hold_line_ends(tmp_path, text):
    quoted = text.replace('"', '""')
    path = tmp_path / "groups.csv"
    path.write_bytes(f'stem,group\r\np0,"{quoted}"\r\np1,x\r\n'.encode())
    assert read_table(path).rows == {"p0": {"group": text}, "p1": {"group": "x"}}


def test_cells_of_people_are_stripped_and_any_line_end_will_do(tmp_path):
    path = tmp_path / "groups.csv"
    for end in ("\n", "\r\n", "\r"):
        path.write_bytes(end.join([" stem ; group", " p0 ;a, b ", "", "p1; c"]).encode())
        assert read_table(path).rows == {"p0": {"group": "a, b"}, "p1": {"group": "c"}}


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_samples_csv_of_an_export_comes_back_as_it_was(tmp_path_factory, group):
    root = tmp_path_factory.mktemp("export")
    rows = [("p1", "train", "real", group, ""), ("p2", "val", "real", " x\t", "'p1;=p3")]
    write_cells(root / "samples.csv", [HEAD, *rows])
    assert read_tables(root)["samples.csv"].rows == {
        name: dict(zip(HEAD[1:], rest, strict=True)) for name, *rest in rows
    }


def test_metadata_of_a_hugging_face_export_tells_the_origin(tmp_path):
    for split, number in (("train", 1), ("val", 2)):
        (tmp_path / split).mkdir()
        line = {"file_name": "images/a.png", "id": f"p{number}", "origin": "real", "group": "g",
                "sources": ""}  # fmt: skip
        (tmp_path / split / "metadata.jsonl").write_text(json.dumps(line) + "\n")
    (table,) = read_tables(tmp_path).values()
    assert table.row("train/p1") == table.row("p2") == {"origin": "real", "group": "g"}


def test_metadata_of_others_says_nothing(tmp_path):
    (tmp_path / "train").mkdir()
    for text in ('{"file_name": "a.png", "origin": "Wien"}\n', "no json\n", "[1]\n"):
        (tmp_path / "train" / "metadata.jsonl").write_text(text)
        assert read_tables(tmp_path) == {}
