"""Nothing of a patient is in a run that is given away: every byte of every file is searched."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from medsynth.core.errors import InputError, UsageError
from medsynth.data.records import DataIndex
from medsynth.io.images import read_png
from medsynth.masks.fingerprint import mask_sha256
from medsynth.workflows.recipe import Recipe
from medsynth.workflows.sharing.recipe import shared_recipe
from medsynth.workflows.source_masks import SourceMasks
from medsynth.workflows.told import Told

from .marks import MARKER, MASKS, contents, traces


def test_no_byte_tells_of_a_patient(home, share):
    given, told = share(home), traces(home)
    for said in contents(given):
        for trace in told:
            assert trace not in said
            assert trace.lower() not in said.lower() or trace in {MARKER}


def contents_of_images(folder):
    for path in sorted(folder.glob("*.png")):
        with Image.open(path) as image:
            yield np.asarray(image)[..., 0].tobytes()


def test_the_search_finds_what_it_looks_for(home):
    told = traces(home)
    names = [each for each in contents(home) if b"Birkenfeld" in each]
    images = list(contents_of_images(DataIndex.load(home).root / "images"))
    assert names
    assert all(any(trace in said for trace in told) for said in images)


def test_it_holds_what_it_needs_and_nothing_else(home, share):
    given = share(home)
    files = {str(path.relative_to(given)) for path in given.rglob("*") if path.is_file()}
    step = "checkpoints/siamese-0000004"
    assert files == {
        "SHARING.md", "recipe.yaml", "run.json", "index.json", "items.jsonl", "given.jsonl",
        "checkpoints/codec.safetensors", f"{step}/weights.safetensors", f"{step}/state.json",
        f"{step}/average.safetensors", f"{step}/optimizer.safetensors",
        *(f"masks/m{k:07d}.png" for k in range(1, MASKS + 1)),
    }  # fmt: skip


def test_no_mask_is_a_real_one_however_it_is_turned(home, share):
    given, index = share(home), DataIndex.load(home)
    real = [read_png(index.root / item.masks[0]) for item in index.items]
    flipped = [mask[:, ::-1] for mask in real]
    turned = {np.rot90(mask, k).tobytes() for mask in (*real, *flipped) for k in range(4)}
    for path in given.glob("masks/*.png"):
        assert read_png(path).tobytes() not in turned


def test_the_note_says_what_was_measured_and_names_nobody(own_home, share, tmp_path):
    assert "Nobody has measured it" in (share(own_home) / "SHARING.md").read_text()
    shutil.rmtree(tmp_path / "given")
    near = {"rate": 0.07, "interval": [0.02, 0.12], "usual": 0.05, "worst": [{"train": "Claassen"}]}
    values = {
        "copies": {"samples": 1, "held_out": 0, "most_alike": [{"train": "Claassen"}]},
        "near": {"features": {**near, "nearest": {"s0000001": "Claassen"}}},
        "near_in_pixels": near,
        "membership": {"auc": 0.61, "interval": None, "advantage": 0.2},
        "about": {"samples": 8, "train": 9, "held_out": 5},
    }
    (own_home / "evaluation.json").write_text(json.dumps(values))
    given = share(own_home)
    text = (given / "SHARING.md").read_text()
    assert "AUC 0.61" in text
    assert "1 sample," in text
    assert "7.0% of the samples" in text
    assert not any(b"Claassen" in said for said in contents(given))


def test_a_policy_that_changes_nothing_gives_nothing_away(own_home, share, tmp_path):
    (own_home / "plan.jsonl").unlink()
    sets = ("masks.policy=[{op: flip}]", "masks.max_redraws=0")
    with pytest.raises(InputError, match=r"only \d+ differ from the real ones"):
        share(own_home, sets=sets)
    assert not (tmp_path / "given").exists()


def test_one_that_is_too_like_a_real_mask_is_replaced_in_its_place(own_home, share):
    rows = (own_home / "plan.jsonl").read_text().splitlines()
    real = json.loads(rows[2])
    index = DataIndex.load(own_home)
    sha256 = mask_sha256(SourceMasks(index)[real["source"]])
    rows[2] = json.dumps({**real, "steps": [], "mask_sha256": sha256})
    (own_home / "plan.jsonl").write_text("\n".join(rows) + "\n")
    given = share(own_home)
    ours = [json.loads(line) for line in (given / "given.jsonl").read_text().splitlines()]
    assert [row["index"] for row in ours] == list(range(MASKS))
    assert ours[2]["mask_sha256"] == json.loads(rows[MASKS])["mask_sha256"]
    assert ours[3]["mask_sha256"] == json.loads(rows[3])["mask_sha256"]
    assert json.loads((given / "run.json").read_text())["shared"]["held_back"] == 1


def test_a_path_in_the_recipe_is_refused():
    recipe = Recipe(masks={"nested": {"nucleus": "/home/doe/cells"}})
    with pytest.raises(UsageError, match=r"nested\.nucleus holds the path /home/doe/cells"):
        shared_recipe(recipe, 0, 0.9, Told())
