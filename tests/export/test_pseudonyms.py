"""Files named after patients, exported under pseudonyms."""

import shutil

import pytest
from PIL import Image

from medsynth.core.errors import InputError
from medsynth.data.index import DataIndex
from medsynth.exporters.exporter import EXPORTERS
from medsynth.exporters.pseudonyms import under_pseudonyms
from medsynth.io.runs import Run
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.export.export import ExportConfig, export_run, run_export_set
from medsynth.workflows.fit.fit import FitConfig, fit
from medsynth.workflows.recipe import read_run_recipe

NAMES = ["Jane-Doe", "Otto-Normal", "Max-Muster", "Ivan-Ivanov"]
SETS = ("export.pseudonyms=true",)


def quiet(done, total, text):
    """Progress that nobody sees."""


@pytest.fixture(scope="module")
def run(tmp_path_factory, blobs_anywhere, recipe_text):
    """A run on twelve grey pairs, three of each patient, named after them; three samples."""
    folder = tmp_path_factory.mktemp("pseudonyms")
    data = blobs_anywhere(folder / "data", n=12)
    for kind in ("images", "masks"):
        for k, path in enumerate(sorted((data / kind).iterdir())):
            Image.open(path).convert("L").save(path)
            path.rename(path.with_name(f"{NAMES[k // 3]}_{k}{path.suffix}"))
    (folder / "quick.yaml").write_text(recipe_text)
    sets = (r"data.groups=^(.*)_\d+$", "base.steps=1", "siamese.steps=1", "gates.mode=off",
            "data.fractions=[0.5,0.25,0.25]")  # fmt: skip
    config = FitConfig(data, str(folder / "quick.yaml"), folder / "run", sets, device="cpu")
    augment(AugmentConfig(3, fit(config, quiet).run, device="cpu"), quiet)
    return folder / "run"


@pytest.mark.parametrize("name", EXPORTERS.names())
def test_no_name_is_in_any_format(run, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out"
    result = export_run(ExportConfig(name, run, out, sets=SETS), quiet)
    written = [path for path in out.rglob("*") if path.is_file()]
    parts = {part for each in NAMES for part in each.encode().split(b"-")}
    for path in written:
        assert not [part for part in parts if part in path.read_bytes()], path
        assert not [part for part in parts if part.decode() in path.name]
    assert any("pseudonyms" in note for note in result.notes)
    assert sum(sum(each.values()) for each in result.counts.values()) == 15


def test_the_same_run_has_the_same_pseudonyms_and_another_has_others(run, tmp_path):
    first, again, other = (tmp_path / name for name in ("first", "again", "other"))
    for out in (first, again):
        export_run(ExportConfig("folder", run, out, sets=SETS), quiet)
    read = {p.relative_to(first): p.read_bytes() for p in first.rglob("*") if p.is_file()}
    assert read == {p.relative_to(again): p.read_bytes() for p in again.rglob("*") if p.is_file()}
    copy = shutil.copytree(run, tmp_path / "copy")
    (copy / "pseudonyms.key").unlink()
    export_run(ExportConfig("folder", copy, other, sets=SETS), quiet)
    real = {p.name for p in first.rglob("masks/p*.png")}
    assert len(real) == 12
    assert real.isdisjoint(p.name for p in other.rglob("masks/p*.png"))


def test_pixels_splits_groups_and_sources_belong_together_as_before(run):
    options = read_run_recipe(Run(run), SETS).export
    plain = run_export_set(Run(run), options)
    hidden = under_pseudonyms(plain)
    splits = {row.id: (row.split, row.origin) for row in hidden.rows}
    before = {sample.image.tobytes(): sample for sample in plain}
    for sample in hidden:
        old = before[sample.image.tobytes()]
        assert (sample.mask.labels == old.mask.labels).all()
        assert splits[sample.id] == (old.split, old.origin)
    groups = {row.group for row in hidden.rows if row.origin == "real"}
    assert len(groups) == len(NAMES)
    known = {row.id for row in hidden.real}
    for row in hidden.rows:
        assert set(row.sources) <= known
        assert set(row.group.split("+")) <= groups


def test_a_damaged_key_is_a_sentence(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "copy")
    (copy / "pseudonyms.key").write_text("no key")
    with pytest.raises(InputError, match=r"pseudonyms\.key is damaged"):
        export_run(ExportConfig("folder", copy, tmp_path / "out", sets=SETS), quiet)
    assert len(DataIndex.load(copy).items) == 12
