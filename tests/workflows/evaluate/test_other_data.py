"""`--real DATA`: other real images in place of the run's own held-out ones."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from medsynth.core.errors import InputError
from medsynth.data.index import DataIndex
from medsynth.io.images import write_png

from .scenes import SIZE, draw, scene


def test_other_data_takes_the_place_of_held_out_pairs(own, judge, tmp_path, passing):
    values = judge(own, draw(tmp_path / "hospital-b", 5000, 24), attack_draws=2)
    assert values["findings"] == []
    assert values["about"]["held_out"] == 24
    assert values["about"]["held_out_split"] == "hospital-b"
    assert "membership" in values  # by the run's own val and test
    was, now = (
        each["quality"]["held-out against train"]["kid"]["value"] for each in (passing[1], values)
    )
    assert was != now
    report = (own / "report.html").read_text()
    assert "real held-out (hospital-b)" in report
    assert "--real OTHER" in report


def test_a_run_without_held_out_pairs_can_be_judged_with_other_data(own, tmp_path, medsynth):
    index = DataIndex.load(own)
    replace(index, items=tuple(index.split("train"))).save(own)
    said = medsynth("evaluate", "--run", own, "--set", "evaluate.features=cells")
    assert said.code == 3
    assert "fewer than 10 pairs in test, and in val" in said.err
    assert "nobody could tell whether a patient was memorised" in said.err
    assert "medsynth evaluate --real DATA" in said.err
    data = draw(tmp_path / "b", 5000, 24)
    sets = ("evaluate.features=cells", "evaluate.attack_draws=2", "evaluate.diversity_masks=0")
    said = medsynth(
        "evaluate", "--run", own, "--real", data, *(x for each in sets for x in ("--set", each))
    )
    assert said.code == 0, said.err
    assert "real b" in said.out
    assert "Nothing stands out" in said.out
    values = json.loads((own / "evaluation.json").read_text())
    assert "membership" not in values
    assert any("attack" in each for each in values["warnings"])


def test_pairs_that_the_model_has_seen_are_left_out_and_told(own, judge, tmp_path):
    data = draw(tmp_path / "b", 5000, 12)
    index = DataIndex.load(own)
    for item in index.split("train")[:3]:
        for kind, name in (("images", item.image), ("masks", item.masks[0])):
            shutil.copy(index.root / name, data / kind / f"known-{item.id}.png")
    values = judge(own, data)
    assert values["about"]["held_out"] == 12
    assert (
        "left out, for the model was fitted on them: 3 of the 15 pairs of b."
        in values["warnings"][0]
    )


def test_small_images_and_groups_of_one_name_are_told(own, judge, tmp_path):
    data = draw(tmp_path / "b", 5000, 12)
    for k in range(12):
        image, mask = scene(6000 + k)
        write_png(data / "images" / f"s{k}.png", image[:32, :32])
        write_png(data / "masks" / f"s{k}.png", mask[:32, :32] * 255)
    group = DataIndex.load(own).split("train")[0].group
    rows = [f"{path.stem},{group}" for path in sorted((data / "images").iterdir())]
    (data / "groups.csv").write_text("\n".join(["stem,group", *rows, ""]))
    said = " ".join(judge(own, data)["warnings"])
    assert f"12 of the 24 real images are smaller than {SIZE}x{SIZE}" in said
    assert f"name 1 group alike ({group})" in said


def test_images_of_other_channels_are_refused(own, judge, tmp_path):
    with pytest.raises(InputError, match=r"makes RGB images, those of .*grey are grey: sets of"):
        judge(own, draw(tmp_path / "grey", 5000, 12, grey=True))


def test_classes_go_by_name_and_strange_ones_are_refused(own, judge, tmp_path):
    data = draw(tmp_path / "b", 5000, 12)
    (data / "classes.json").write_text(json.dumps({"0": "background", "255": "polyp"}))
    with pytest.raises(InputError, match="classes that the run does not know: polyp") as caught:
        judge(own, data)
    assert "The run's are foreground" in caught.value.tip


def test_too_few_other_pairs_are_refused(own, judge, tmp_path):
    with pytest.raises(InputError, match="4 pairs that the model never saw; fewer than 10"):
        judge(own, draw(tmp_path / "few", 5000, 4))


def test_where_masks_are_not_found_in_real_images_either_agreement_cannot_be_judged(
    own, judge, tmp_path
):
    rng = np.random.default_rng(0)
    data = tmp_path / "noise"
    for k in range(12):
        write_png(data / "images" / f"n{k}.png", rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8))
        write_png(data / "masks" / f"n{k}.png", scene(k)[1] * 255)
    values = judge(own, data)
    said = [e["says"] for e in values["findings"] if e["measure"] == "mask_agreement"]
    assert len(said) == 1
    assert "cannot be judged" in said[0]
    assert str(values["mask_agreement"]["held-out"]["dice"]) in said[0]
    assert "Cannot be judged" in (own / "report.html").read_text()
