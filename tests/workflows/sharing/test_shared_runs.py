"""A run that was given away is a run: its data is gone, its commands work."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsynth.core.errors import InputError, UsageError
from medsynth.data.load import _bytes
from medsynth.data.records import DataIndex
from medsynth.store.samples import SampleStore
from medsynth.training.checkpoints import Checkpoints
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.convert import ConvertConfig, convert
from medsynth.workflows.export.export import ExportConfig, export_run
from medsynth.workflows.fit.fit import FitConfig, fit
from medsynth.workflows.shards.merge import merge
from medsynth.workflows.show import show

from .marks import MASKS, quiet


def test_its_samples_are_those_of_the_run_at_home(home, own_home, share, monkeypatch):
    given = share(own_home)
    shutil.rmtree(own_home)
    data = DataIndex.load(home).root
    monkeypatch.setattr("medsynth.data.load._bytes", only_below(given))
    augment(AugmentConfig(8, given, device="cpu"), quiet)
    assert not any(str(data) in path.read_text() for path in given.glob("*.json*"))
    ours, theirs = (list(SampleStore(run / "samples").samples()) for run in (given, home))
    for a, b in zip(ours, theirs, strict=True):
        assert a.id == b.id
        assert np.array_equal(a.image, b.image)
        assert a.mask.same_as(b.mask)


def only_below(folder):
    """Return a reader that knows no other data than this folder's."""

    def read(index, name):
        assert index.root == folder, f"{name} was asked for in {index.root}"
        return _bytes(index, name)

    return read


def test_the_plan_goes_on_from_the_masks_that_came_with_it(home, share):
    given = share(home, masks=6)
    assert augment(AugmentConfig(10, given, device="cpu"), quiet).accepted == 10
    rows = list(SampleStore(given / "samples").rows())
    assert [row.lineage.sources for row in rows[:6]] == [(f"m{k:07d}",) for k in range(1, 7)]
    assert all(row.lineage.sources[0][0] == "m" for row in rows)
    assert all(row.lineage.steps for row in rows[6:])


def test_a_second_set_of_samples_begins_with_the_same_masks(home, share):
    given = share(home)
    augment(AugmentConfig(4, given, device="cpu"), quiet)
    first = [sample.mask for sample in SampleStore(given / "samples").samples()]
    shutil.rmtree(given / "samples")
    augment(AugmentConfig(4, given, device="cpu", seed=9), quiet)
    for a, b in zip(first, SampleStore(given / "samples").samples(), strict=True):
        assert a.same_as(b.mask)


def test_shards_of_it_make_the_same_samples(home, share):
    given = share(home)
    for k in range(2):
        augment(AugmentConfig(8, given, device="cpu", shard=f"{k}/2"), quiet)
    merge(given, [], quiet)
    ours, theirs = (list(SampleStore(run / "samples").samples()) for run in (given, home))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(ours, theirs, strict=True))


def test_ones_own_masks_get_images(home, share, tmp_path):
    given = share(home)
    (tmp_path / "mine").mkdir()
    for k in range(3):
        mask = np.zeros((32, 32), np.uint8)
        mask[4 + k : 20, 6:18] = 255
        Image.fromarray(mask).save(tmp_path / "mine" / f"{k}.png")
    config = AugmentConfig(None, given, device="cpu", masks=tmp_path / "mine")
    assert augment(config, quiet).accepted == 3


def test_its_exports_are_synthetic_and_say_that_nobody_knows_what_the_weights_saw(home, share):
    given = share(home)
    augment(AugmentConfig(4, given, device="cpu"), quiet)
    result = export_run(ExportConfig("folder", given), quiet)
    sheet = (result.out / "DATASHEET.md").read_text()
    assert "given away without the data" in sheet
    assert len(list((result.out / "train" / "images").glob("*.png"))) == 4
    with pytest.raises(InputError, match="mask without an image"):
        export_run(ExportConfig("coco", given, sets=("export.synthetic_only=false",)), quiet)


def test_show_says_what_it_is(home, share):
    found = show(share(home))
    assert (found.masks, sum(found.pairs.values())) == (MASKS, 0)
    assert found.progress == found.planned
    assert found.next.startswith("medsynth augment")


def test_what_to_do_with_its_samples(home, share, medsynth):
    """It can be judged against other real pairs; without any of its own it proves nothing."""
    given = share(home)
    augment(AugmentConfig(2, given), quiet)
    export_run(ExportConfig("coco", given), quiet)
    assert show(given).next == f"medsynth evaluate --real DATA --run {given}"
    assert "prove" not in medsynth("show", given).out
    (given / "evaluation.json").write_text("{}")
    assert show(given).next == ""
    assert "nothing: it was exported and evaluated" in medsynth("show", given).out


def test_a_fit_that_begins_with_it_tells_so(home, share, blobs, recipe, tmp_path):
    given = share(home)
    own = blobs("own")
    (own / "operator.csv").write_text(
        "stem,label\n" + "".join(f"p{k:02d},label-{1 + k % 2}\n" for k in range(14))
    )
    config = FitConfig(
        own, str(given / "recipe.yaml"), tmp_path / "next", ("siamese.steps=2",), device="cpu",
        init_from=given,
    )  # fmt: skip
    fit(config, quiet)
    augment(AugmentConfig(4, tmp_path / "next", device="cpu"), quiet)
    sets = ("export.synthetic_only=false",)
    result = export_run(ExportConfig("folder", tmp_path / "next", sets=sets), quiet)
    assert "imported or given away" in (result.out / "DATASHEET.md").read_text()


def test_masks_goes_with_shareable_alone(home, tmp_path):
    with pytest.raises(UsageError, match="--masks"):
        convert(ConvertConfig("ldm", tmp_path / "a.ckpt", home, (), 5))


def test_the_best_weights_of_a_longer_fit_are_a_finished_fit(blobs, recipe, share):
    sets = (
        "training.checkpoint_every=1",
        "training.keep_checkpoints=9",
        "sampling.checkpoint=best",
    )
    data, run, best = blobs(n=30), Path("run"), "siamese-0000002"
    fit(FitConfig(data, str(recipe), run, sets, device="cpu"), quiet)
    told = run / "checkpoints/siamese-0000004/state.json"
    state = json.loads(told.read_text())
    told.write_text(json.dumps({**state, "best": [best, 0.1]}))
    given = share(run)
    assert [state.name for state in Checkpoints(given / "checkpoints").states()] == [best]
    assert "augment" in show(given).next
    assert augment(AugmentConfig(2, given, device="cpu"), quiet).accepted == 2
