"""augment --masks: exactly the user's masks, told so in the lineage."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from medsynth.core.errors import InputError, UsageError
from medsynth.io.images import read_png
from medsynth.quality.gates.gate import Verdict
from medsynth.quality.gates.trivial import Trivial
from medsynth.store.samples import SampleStore
from medsynth.workflows.augment.augment import AugmentConfig, augment


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def masks(tmp_path):
    """Return a folder of six masks of 32x32, each a bar of its own."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for k in range(6):
        mask = np.zeros((32, 32), np.uint8)
        mask[2 + 3 * k : 8 + 3 * k, 4:20] = 255
        Image.fromarray(mask).save(folder / f"bar{k}.png")
    return folder


def make(run, masks, n=None, **more):
    return augment(AugmentConfig(n, run, device="cpu", masks=masks, **more), lambda *_: None)


def made(run):
    return list(SampleStore(run / "samples").samples(verify=True))


def test_every_mask_gets_its_image(own_run, masks) -> None:
    assert make(own_run, masks).accepted == 6
    for k, sample in enumerate(made(own_run)):
        path = masks / f"bar{k}.png"
        assert np.array_equal(sample.mask.labels > 0, read_png(path) > 0)
        assert sample.lineage["sources"] == []
        (step,) = sample.lineage["steps"]
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        assert step == {
            "op": "user-mask",
            "params": {"file": path.name, "sha256": sha256},
            "donors": [],
        }
    assert not (own_run / "plan.jsonl").exists()


def test_more_images_than_masks_and_the_same_in_steps(own_run, masks, tmp_path) -> None:
    import shutil

    other = shutil.copytree(own_run, tmp_path / "other")
    make(own_run, masks, 15)
    for n in (5, None, 15):
        make(other, masks, n)
    files = [s.lineage["steps"][0]["params"]["file"] for s in made(own_run)]
    assert sorted(files.count(f"bar{k}.png") for k in range(6)) == [2, 2, 2, 3, 3, 3]
    assert len({s.image.tobytes() for s in made(own_run)}) == 15
    for a, b in zip(made(own_run), made(other), strict=True):
        assert np.array_equal(a.image, b.image)


def test_a_mask_whose_image_was_given_up_comes_again(own_run, masks, monkeypatch) -> None:
    judge, seen = Trivial.judge, []

    def refuses_the_third(gate, pairs):
        verdicts = judge(gate, pairs)
        for k in range(len(pairs)):
            seen.append(pairs.images[k])
            if len(seen) == 3 or (len(pairs) == 1 and len(seen) == 5):  # and again, made anew
                verdicts[k] = Verdict(0.0, 1.0, None)
        return verdicts

    monkeypatch.setattr(Trivial, "judge", refuses_the_third)
    result = make(own_run, masks)
    assert (result.accepted, result.given_up) == (6, 1)
    files = [s.lineage["steps"][0]["params"]["file"] for s in made(own_run)]
    assert sorted(files) == [f"bar{k}.png" for k in range(6)]
    lost = next(row for row in SampleStore(own_run / "samples").rows() if row.status == "given-up")
    assert lost.lineage.gates["refused"] == [
        {"attempt": 0, "gate": "trivial", "score": 0.0},
        {"attempt": 1, "gate": "trivial", "score": 0.0},
    ]


def test_planned_and_given_masks_do_not_mix(own_augmented, masks) -> None:
    with pytest.raises(InputError, match="were made from planned masks"):
        make(own_augmented, masks, 9)


def test_other_masks_than_before_are_refused(own_run, masks) -> None:
    make(own_run, masks)
    with pytest.raises(InputError, match="were made from a user's masks"):
        augment(AugmentConfig(9, own_run, device="cpu"), lambda *_: None)
    (masks / "bar1.png").rename(masks / "z.png")
    with pytest.raises(InputError, match=r"s0000002 was made from another mask than bar2.png"):
        make(own_run, masks, 12)


def test_without_masks_a_number_is_needed(own_run) -> None:
    with pytest.raises(UsageError, match="--n"):
        make(own_run, None)


def test_wrong_masks_leave_nothing_behind(own_run, masks) -> None:
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(masks / "odd.png")
    with pytest.raises(InputError, match=r"odd.png: it is 30x20, but the images are 32x32"):
        make(own_run, masks)
    assert not (own_run / "samples").exists()


def test_a_model_of_image_labels_draws_them(tmp_path, recipe, blobs, masks) -> None:
    from medsynth.workflows.fit.fit import FitConfig, fit

    data = blobs(n=8)
    lines = "".join(f"p{k:02d},{'ab'[k % 2]}\n" for k in range(8))
    (data / "scanner.csv").write_text("stem,scanner\n" + lines)
    sets = ("model.label_column=scanner",)
    run = fit(FitConfig(data, str(recipe), tmp_path / "r", sets, device="cpu"), lambda *_: None).run
    make(run, masks)
    told_as = {s.lineage["steps"][0]["params"]["told_as"] for s in made(run)}
    assert told_as
    assert told_as <= {f"p{k:02d}" for k in range(8)}
