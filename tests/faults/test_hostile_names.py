"""Names that files may have, links that go anywhere, and what becomes of them."""

import csv
import json
import os
import sys

import pytest
from PIL import Image

from medsynth.core.errors import visible

NAMES = {
    "newline": "a\nerror: forged",
    "escape": "\x1b[2Jwiped",
    "right to left": "a\u202egnp",
    "next line": "a\x85b",
    "line separator": "a\u2028b",
    "dash": "-rf",
    "dots": "a..b",
    "tilde": "~root",
    "formula": "=HYPERLINK(1)",
    "space": " a ",
    "255 bytes": "x" * 251,
    "255 bytes of two": "é" * 125,
    "percent": "%s{0}",
    "markup": "[red]a[red]",
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_pairs_of_strange_names_are_fitted_on_and_exported_under_safe_ones(
    medsynth, blobs, recipe, tmp_path
):
    data = blobs(n=len(NAMES))
    for k, name in enumerate(NAMES.values()):
        for folder in ("images", "masks"):
            (data / folder / f"p{k:02d}.png").rename(data / folder / f"{name}.png")
    steps = ("--steps", 1, "--set", "base.steps=1")
    fitted = medsynth("fit", data, "--recipe", recipe, "--run", "run", *steps)
    assert fitted.code == 0, fitted.err
    exported = medsynth("export", "--format", "folder", "--run", "run", "--set", "export.ratio=0")
    assert exported.code == 0, exported.err
    names = [path.name for path in (tmp_path / "run" / "exports").rglob("*.png")]
    assert len(names) == 2 * len(NAMES)
    for name in names:
        assert name.isascii()
        assert visible(name) == name
        assert not name.startswith(("-", ".", "=", "~"))


@pytest.mark.skipif(sys.platform != "linux", reason="only there a name may be no text")
def test_names_that_are_no_text_are_told(medsynth, blobs):
    data = blobs(n=8)
    for folder in (b"images", b"masks"):
        old = os.fsencode(data) + b"/" + folder
        os.rename(old + b"/p00.png", old + b"/G\xe4nge.png")
    said = medsynth("doctor", data, "--quick", "--json")
    assert said.code == 3
    (found,) = [p for p in json.loads(said.out)["problems"] if p["code"] == "name-not-text"]
    assert found["examples"] == ["images/G\\udce4nge.png", "masks/G\\udce4nge.png"]
    assert medsynth("doctor", data, "--quick", "--set", "data.on_mismatch=skip").code == 0


def test_a_name_orders_no_terminal_about(medsynth, blobs):
    data = blobs(n=8)
    (data / "masks" / "p00.png").rename(data / "masks" / "\x1b]0;owned\x07\nerror: none.png")
    said = medsynth("doctor", data, "--quick")
    assert said.code == 3
    assert "\x1b" not in said.err + said.out
    assert "\nerror: none" not in said.err


def test_links_in_circles_and_out_of_the_folder_are_not_followed(medsynth, blobs, tmp_path):
    data = blobs(n=8)
    (data / "images" / "again").symlink_to(data)
    (data / "images" / "itself.png").symlink_to("itself.png")
    (data / "images" / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "secret.csv").write_text("stem,kind\np00,secret\n")
    (data / "secret.csv").symlink_to(tmp_path / "secret.csv")
    said = medsynth("doctor", data, "--quick", "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["pairs"] == 8
    assert "secret," not in said.out


def test_annotations_cannot_name_a_file_outside(medsynth, blobs, tmp_path):
    data = blobs(n=4)
    secret = tmp_path / "secret.png"
    Image.new("L", (32, 32)).save(secret)
    names = ["../secret.png", str(secret), "images/../../secret.png", "p01.png"]
    images = [
        {"id": k, "file_name": name, "width": 32, "height": 32} for k, name in enumerate(names)
    ]
    shape = [[2, 2, 20, 2, 20, 20]]
    annotations = [
        {"id": 10**30 + k, "image_id": k, "category_id": 10**30, "segmentation": shape}
        for k in range(4)
    ]
    categories = [{"id": 10**30, "name": "polyp"}]
    whole = {"images": images, "annotations": annotations, "categories": categories}
    (data / "instances_train.json").write_text(json.dumps(whole))
    for path in (data / "masks").iterdir():
        path.unlink()
    found = json.loads(medsynth("doctor", data, "--quick", "--json").out)
    assert found["pairs"] == 1
    (lonely,) = [p for p in found["problems"] if p["code"] == "missing-image"]
    assert lonely["count"] == 3


def test_no_table_of_an_export_holds_a_formula(medsynth, blobs, recipe, tmp_path):
    data = blobs(n=8)
    lines = [f"p{k:02d},=HYPERLINK({k})" for k in range(8)]
    (data / "groups.csv").write_text("\n".join(["stem,group", *lines]))
    steps = ("--steps", 1, "--set", "base.steps=1")
    fitted = medsynth("fit", data, "--recipe", recipe, "--run", "run", *steps)
    assert fitted.code == 0, fitted.err
    exported = medsynth("export", "--format", "folder", "--run", "run", "--set", "export.ratio=0")
    assert exported.code == 0, exported.err
    (table,) = (tmp_path / "run" / "exports").rglob("*.csv")
    with table.open(newline="", encoding="utf-8") as file:
        groups = sorted(row["group"] for row in csv.DictReader(file))
    assert groups == [f"'=HYPERLINK({k})" for k in range(8)]
