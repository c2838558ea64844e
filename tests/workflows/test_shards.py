"""Shards and merge: the bytes of one process, and honest refusals."""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from medsynth.core.errors import InputError, InterruptedRunError, UsageError
from medsynth.io.runs import Run
from medsynth.store.samples import SampleStore
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.shards.merge import merge

N = 21  # six blocks of four, and two more for the reserve
STRICT = (
    "gates.faithful=enforce",
    "gates.rate=0.1",
    "gates.novel=off",
    "gates.folds=2",
    "gates.segmenter={width: 4, steps: 1, batch: 4}",  # a poor judge, that refuses half
    "masks.reserve_fraction=3",
)


def quiet(done, total, text):
    """Progress that nobody sees."""


def make(run, n=N, shard=None, report=quiet, **more):
    return augment(AugmentConfig(n, run, device="cpu", shard=shard, **more), report)


def shards(run, count, n=N, **more):
    return [make(run, n, f"{k}/{count}", **more) for k in range(count)]


def samples(run):
    folder = Path(run) / "samples"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def tree(folder):
    return sorted(str(p) for p in Path(folder).rglob("*") if p.name != ".lock")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def local(fitted, tmp_path_factory):
    """The bytes of a run that was augmented in one process."""
    run = Path(shutil.copytree(fitted.run, tmp_path_factory.mktemp("local") / "run"))
    before = Path.cwd()
    os.chdir(run.parent)
    try:
        assert make(run).accepted == N
    finally:
        os.chdir(before)
    return samples(run)


@pytest.fixture
def sharded(own_run):
    """A run with three shards, not merged."""
    shards(own_run, 3)
    return own_run


@pytest.mark.parametrize("count", [1, 3, 11])
def test_shards_merged_are_what_one_process_makes(own_run, local, count):
    made = shards(own_run, count)
    assert sum(each.accepted for each in made) == 28  # whole blocks, and the reserve
    assert not (own_run / "samples").exists()
    result = merge(own_run, (), quiet)
    assert (result.accepted, result.added, result.wanted) == (N, N, N)
    assert samples(own_run) == local
    assert not (own_run / "shards").exists()
    make(own_run, N + 5)  # goes on as any run does
    assert len(SampleStore(own_run / "samples")) == N + 5


def test_refused_images_and_unequal_shards(own_run, tmp_path):
    """An enforced gate that refuses many: rows of masks given up are where they would be."""
    alone = Path(shutil.copytree(own_run, tmp_path / "alone"))
    result = make(alone, 10, sets=STRICT)
    assert result.given_up > 3
    made = shards(own_run, 3, 10, sets=STRICT)
    assert len({each.accepted for each in made}) > 1
    merged = merge(own_run, (), quiet)
    assert (merged.accepted, merged.given_up) == (10, result.given_up)
    assert samples(own_run) == samples(alone)
    assert (own_run / "plan.jsonl").read_bytes()[:5000] == (alone / "plan.jsonl").read_bytes()[
        :5000
    ]


def test_shards_go_on_from_what_the_run_has(own_run, local):
    make(own_run, 6)
    made = shards(own_run, 2)
    assert sum(each.made for each in made) == 24  # block 0 is there, block 1 half
    assert merge(own_run, (), quiet).added == N - 6
    assert samples(own_run) == local
    again = make(own_run, N, "0/2")
    assert (again.made, again.shard) == (0, None)
    assert not (own_run / "shards").exists()


def test_shards_for_more_samples_go_on(own_run, local):
    shards(own_run, 2, 5)
    with pytest.raises(UsageError, match="was made for --n 5, more than --n 4"):
        make(own_run, 4, "0/2")
    make(own_run, N, "0/2")
    with pytest.raises(InputError, match=f"0-of-2 was made for --n {N}, .*1-of-2 for --n 5"):
        merge(own_run, (), quiet)
    make(own_run, N, "1/2")
    merge(own_run, (), quiet)
    assert samples(own_run) == local


def test_a_reserve_that_does_not_suffice(own_run, tmp_path):
    sets = (*STRICT[:-1], "masks.reserve_fraction=0")
    alone = Path(shutil.copytree(own_run, tmp_path / "alone"))
    make(alone, 12, sets=sets)
    shards(own_run, 2, 12, sets=sets)
    result = merge(own_run, (), quiet)
    assert result.accepted < 12 == result.wanted
    assert make(own_run, 12, sets=sets).accepted == 12
    assert samples(own_run) == samples(alone)


def test_a_stopped_shard_goes_on(own_run, local):
    told = []

    def report(done, total, text):
        told.append((done, total, text))
        if len(told) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(InterruptedRunError) as caught:
        make(own_run, N, "0/2", report)
    assert told[0] == (1, 4, "blocks")
    assert caught.value.tip.endswith(f"medsynth augment --n {N} --shard 0/2 --run {own_run}")
    make(own_run, N, "0/2", report)
    assert told[-1][:2] == (4, 4)
    make(own_run, N, "1/2")
    merge(own_run, (), quiet)
    assert samples(own_run) == local


def test_a_merge_that_was_killed_goes_on(sharded, local, tmp_path):
    """Half of the manifest, a file more, a temporary one; and one shard is gone already."""
    copy = Path(shutil.copytree(sharded, tmp_path / "copy"))
    merge(copy, (), quiet)
    shutil.copytree(copy / "samples", sharded / "samples")
    path = sharded / "samples" / "manifest.jsonl"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (sharded / "samples" / "images" / ".medsynth-tmp-s0000001.png").write_bytes(b"half")
    merge(sharded, (), quiet)
    assert samples(sharded) == local
    shutil.copytree(sharded, tmp_path / "third")
    shutil.copytree(own_shard(tmp_path, copy), tmp_path / "third" / "shards" / "0-of-3")
    merge(tmp_path / "third", (), quiet)
    assert samples(tmp_path / "third") == local
    assert not (tmp_path / "third" / "shards").exists()


def own_shard(tmp_path, run):
    """A shard made anew, beside the samples that have it already."""
    other = Path(shutil.copytree(run, tmp_path / "other"))
    shutil.rmtree(other / "samples")
    make(other, N, "0/3")
    return other / "shards" / "0-of-3"


def test_shards_from_elsewhere_stay_where_they_are(sharded, local, tmp_path):
    elsewhere = [Path(shutil.move(f, tmp_path)) for f in sorted((sharded / "shards").iterdir())]
    merge(sharded, elsewhere, quiet)
    assert samples(sharded) == local
    assert all((folder / "shard.json").exists() for folder in elsewhere)


def test_lacking_blocks_are_named_with_the_command(sharded):
    shutil.rmtree(sharded / "shards" / "1-of-3")
    before = tree(sharded)
    with pytest.raises(InputError, match=r"1/3 lacks 2 of 2 \(1, 4\)") as caught:
        merge(sharded, (), quiet)
    assert caught.value.tip == f"Make them: medsynth augment --n {N} --shard 1/3 --run {sharded}"
    assert tree(sharded) == before


def test_shards_that_do_not_belong_together(sharded, tmp_path):
    first = sharded / "shards" / "0-of-3"
    other = Path(shutil.copytree(sharded, tmp_path / "other"))
    shutil.rmtree(other / "shards")
    make(other, N, "1/3", seed=5)
    stranger = other / "shards" / "1-of-3"
    with pytest.raises(InputError, match=r"different sets: they differ in seed \(0, 5\)"):
        merge(sharded, [first, stranger], quiet)
    with pytest.raises(InputError, match="shard 0/3 is there twice"):
        merge(sharded, [first, Path(shutil.copytree(first, tmp_path / "copy"))], quiet)
    make(sharded, N, "0/2")
    with pytest.raises(InputError, match=r"differ in the number of shards \(2, 3\)"):
        merge(sharded, (), quiet)
    shutil.rmtree(sharded / "shards" / "0-of-2")
    about = first / "shard.json"
    about.write_text(about.read_text().replace('"medsynth": "', '"medsynth": "9.'))
    with pytest.raises(InputError, match=r"differ in medsynth's version \(9\.0"):
        merge(sharded, (), quiet)
    with pytest.raises(InputError, match="was begun otherwise; it differs in medsynth's version"):
        make(sharded, N, "0/3")
    about.write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        merge(sharded, (), quiet)
    with pytest.raises(InputError, match=r"is no shard: it has no shard\.json"):
        merge(sharded, [tmp_path], quiet)
    assert not (sharded / "samples").exists()


def test_shards_of_another_run(sharded, tmp_path, recipe, blobs):
    from medsynth.workflows.fit.fit import FitConfig, fit

    (folder,) = [f for f in (sharded / "shards").iterdir() if f.name == "0-of-3"]
    other = fit(FitConfig(blobs("more", n=9), str(recipe), tmp_path / "other"), quiet).run
    with pytest.raises(InputError, match=r"a shard of another run than .*made from other data"):
        merge(other, [folder], quiet)
    state = sharded / "checkpoints" / "siamese-0000004" / "state.json"
    values = json.loads(state.read_text())
    values["sha256"]["average"] = "0" * 64
    state.write_text(json.dumps(values))
    with pytest.raises(InputError, match="it was made from other weights"):
        merge(sharded, (), quiet)


def test_a_damaged_picture_is_not_taken_over(sharded, local):
    picture = sharded / "shards" / "1-of-3" / "samples" / "images" / "s0000006.png"
    picture.write_bytes(picture.read_bytes()[:-1])
    with pytest.raises(InputError, match="not the file that its manifest names") as caught:
        merge(sharded, (), quiet)
    assert "delete " + str(sharded / "shards" / "1-of-3") in caught.value.tip
    shutil.rmtree(sharded / "shards" / "1-of-3")
    make(sharded, N, "1/3")
    merge(sharded, (), quiet)
    assert samples(sharded) == local


def test_shards_in_use(sharded):
    with Run(sharded / "shards" / "0-of-3").lock("augment --shard 0/3"):
        with pytest.raises(InputError, match="0-of-3 is in use by medsynth augment --shard 0/3"):
            merge(sharded, (), quiet)
        with pytest.raises(InputError, match="0-of-3 is in use by medsynth augment --shard 0/3"):
            make(sharded, N, "0/3")
        make(sharded, N, "1/3")
    assert not (sharded / "samples").exists()


@pytest.mark.parametrize(
    ("shard", "said"),
    [
        ("4/4", "out of range: the last of 4 is 3/4"),
        ("0/0", "out of range: no shards do no work"),
        ("a/b", "it takes i/k"),
        ("-1/4", "it takes i/k"),
        ("1", "it takes i/k"),
    ],
)
def test_shards_out_of_range(own_run, shard, said):
    before = tree(own_run)
    with pytest.raises(UsageError, match=said) as caught:
        make(own_run, N, shard)
    assert "counts from 0" in caught.value.tip
    assert tree(own_run) == before


def test_wishes_that_do_not_go_together(own_augmented, fitted, medsynth):
    before = tree(own_augmented)
    run = ("--run", own_augmented)
    for code, said, *arguments in (
        (2, "--masks does not go with --shard", "--masks", fitted.data / "masks", "--shard", "0/2"),
        (2, "did you mean 'local'", "--n", 9, "--engine", "locall"),
        (2, "6 samples already, more than --n 3", "--n", 3, "--shard", "0/2"),
        (2, "--n is missing", "--shard", "0/2"),
        (3, "made with seed 0, not 5", "--n", 9, "--shard", "0/2", "--seed", 5),
    ):
        found = medsynth("augment", *run, *arguments)
        assert found.code == code, found.err
        assert said in found.err
    found = medsynth("merge", *run)
    assert found.code == 2
    assert "has no shards to merge" in found.err
    assert tree(own_augmented) == before


def test_ray_that_is_not_installed(own_run, medsynth, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # how Python notes that there is none
    before = tree(own_run)
    said = medsynth("augment", "--n", 9, "--run", own_run, "--engine", "ray")
    assert said.code == 2
    assert "--engine ray needs Ray, which is not installed" in said.err
    assert "tip: pip install 'medsynth[ray]'" in said.err
    said = medsynth("augment", "--n", 9, "--run", own_run, "--engine", "ray", "--shard", "0/2")
    assert said.code == 2
    assert tree(own_run) == before


def test_show_and_the_command_line(own_run, medsynth):
    said = medsynth("augment", "--n", N, "--run", own_run, "--shard", "0/2")
    assert said.code == 0, said.err
    assert f"Next, with all shards made: medsynth merge --run {own_run}" in said.out
    shown = json.loads(medsynth("show", own_run, "--json").out)
    assert shown["shards"] == "1 of 2; 4 of 7 blocks"
    assert shown["next"] == f"medsynth augment --n {N} --shard 1/2 --run {own_run}"
    assert medsynth("augment", "--n", N, "--run", own_run, "--shard", "1/2").code == 0
    assert f"next     medsynth merge --run {own_run}" in medsynth("show", own_run).out
    merged = json.loads(medsynth("merge", "--run", own_run, "--json").out)
    assert (merged["accepted"], merged["wanted"]) == (N, N)
    assert json.loads(medsynth("show", own_run, "--json").out)["shards"] == ""


def test_two_processes_of_accelerate(own_run, local, launch):
    code, said = launch("augment", "--n", N, "--run", own_run, "--device", "cpu")
    assert code == 0, said
    assert samples(own_run) == local
    assert not (own_run / "shards").exists()
    assert said.count("Traceback") == 0
    code, said = launch("augment", "--n", 3, "--run", own_run, "--device", "cpu")
    assert code != 0
    assert said.count(f"has {N} samples already") == 1
    code, said = launch("augment", "--n", 30, "--run", own_run, "--shard", "0/2")
    assert code != 0
    assert said.count("--shard and accelerate launch both share out the blocks") == 1
