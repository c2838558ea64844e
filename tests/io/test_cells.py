"""CSV for people: what a spreadsheet would run is no longer a formula, and comes back as it was."""

import csv

from hypothesis import given
from hypothesis import strategies as st

from medsynth.io.cells import guarded, plain, read_cells, write_cells


@given(st.text())
def test_no_cell_is_a_formula_and_every_text_comes_back(text):
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert plain(guarded(text)) == text


def test_a_file_comes_back_and_shows_no_formula(tmp_path):
    rows = [["=cmd|' /C calc'!A0", "-2+3"], ["plain", 'a "quoted", b']]
    write_cells(tmp_path / "a.csv", [["id", "group"], *rows])
    assert [list(row.values()) for row in read_cells(tmp_path / "a.csv")] == rows
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1] == ["'=cmd|' /C calc'!A0", "'-2+3"]


def test_lines_that_are_too_long_or_too_short_are_read(tmp_path):
    (tmp_path / "a.csv").write_text("id,group\na\nb,g,more\n")
    assert read_cells(tmp_path / "a.csv") == [{"id": "a", "group": ""}, {"id": "b", "group": "g"}]
