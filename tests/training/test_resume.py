"""A fit that was stopped or killed anywhere ends as one that never was: bit for bit."""

import gc
import weakref
from dataclasses import replace

import pytest
import torch

from medsynth.core.errors import InputError, InterruptedRunError
from medsynth.training.checkpoints import Checkpoints
from medsynth.training.options import PhaseOptions

from .tiny import COMPACT, KilledError, Told, fit, plan

BASE, SIAMESE = 3, 4
TOTAL = BASE + SIAMESE


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    told = Told()
    outcome = fit(folder, plan(BASE, SIAMESE, checkpoint_every=2), told)
    return outcome.last, told


def figures(rows):
    return [{k: v for k, v in row.items() if k != "images_per_s"} for row in rows]


def check_same(last, rows, uninterrupted):
    whole, told = uninterrupted
    assert last.sha256 == whole.sha256  # weights, average, optimizer: equal bytes
    assert sorted(last.sha256) == ["average", "optimizer", "weights"]
    assert (last.name, last.val_loss, last.best) == (whole.name, whole.val_loss, whole.best)
    assert last.val_loss is not None
    expected = figures(told.rows)
    assert figures(rows)[-1] == expected[-1]
    assert all(row in expected for row in figures(rows) if "val" not in row)


@pytest.mark.parametrize("k", range(1, TOTAL))
def test_stopped_after_any_step(tmp_path, uninterrupted, k):
    what = plan(BASE, SIAMESE, checkpoint_every=2)
    first = Told(stop_at=k)
    with pytest.raises(InterruptedRunError, match="stopped after") as caught:
        fit(tmp_path, what, first)
    assert caught.value.exit_code == 130
    state = Checkpoints(tmp_path).latest()
    expected = ("base", k) if k <= BASE else ("siamese", k - BASE)
    assert (state.phase, state.step) == expected
    second = Told()
    outcome = fit(tmp_path, what, second, resume=True)
    assert second.steps == TOTAL - k
    check_same(outcome.last, first.rows + second.rows, uninterrupted)


@pytest.mark.parametrize("k", range(1, TOTAL + 1))
def test_killed_after_any_step(tmp_path, uninterrupted, k):
    """All since the last checkpoint is lost; before the first one, everything."""
    what = plan(BASE, SIAMESE, checkpoint_every=2)
    with pytest.raises(KilledError):
        fit(tmp_path, what, Told(kill_at=k))
    told = Told()
    outcome = fit(tmp_path, what, told, resume=True)
    saved = [0, 0, 0, 2, 3, 3, 5, 5][k]  # steps in the last checkpoint before the kill
    assert told.steps == TOTAL - saved
    check_same(outcome.last, told.rows, uninterrupted)


def test_stopped_again_and_again(tmp_path, uninterrupted):
    what = plan(BASE, SIAMESE, checkpoint_every=2)
    for k in range(TOTAL - 1):
        with pytest.raises(InterruptedRunError):
            fit(tmp_path, what, Told(stop_at=1), resume=k > 0)
    outcome = fit(tmp_path, what, resume=True)
    check_same(outcome.last, [uninterrupted[1].rows[-1]], uninterrupted)


@pytest.mark.parametrize("siamese", [SIAMESE, 0])
def test_resuming_what_is_finished_changes_nothing(tmp_path, siamese):
    what = plan(BASE, siamese, checkpoint_every=2)
    first = fit(tmp_path, what)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    told = Told()
    again = fit(tmp_path, what, told, resume=True)
    assert told.steps == 0
    assert again.last == first.last
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_damaged_newest_checkpoint_goes_back_to_the_one_before(tmp_path, uninterrupted):
    what = plan(BASE, SIAMESE, checkpoint_every=2)
    with pytest.raises(InterruptedRunError):
        fit(tmp_path, what, Told(stop_at=BASE + 3))
    path = tmp_path / "siamese-0000003" / "optimizer.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    told = Told()
    outcome = fit(tmp_path, what, told, resume=True)
    assert told.steps == 2
    check_same(outcome.last, told.rows, uninterrupted)


@pytest.mark.parametrize("other", [{"siamese": 5}, {"base": 2}])
def test_another_number_of_steps_is_refused(tmp_path, other):
    with pytest.raises(InterruptedRunError):
        fit(tmp_path, plan(BASE, SIAMESE), Told(stop_at=2))
    with pytest.raises(InputError, match=r"begun with base\.steps=3, siamese\.steps=4") as caught:
        fit(tmp_path, plan(**({"base": BASE, "siamese": SIAMESE} | other)), resume=True)
    assert "--init-from" in caught.value.tip


def test_another_recipe_is_refused(tmp_path):
    with pytest.raises(InterruptedRunError):
        fit(tmp_path, plan(), Told(stop_at=2))
    with pytest.raises(InputError, match="base-0000002 is from another recipe or other data"):
        fit(tmp_path, plan(recipe="other"), resume=True)


def test_checkpoints_of_another_model_are_refused_even_where_the_hash_agrees(tmp_path):
    with pytest.raises(InterruptedRunError):
        fit(tmp_path, plan(), Told(stop_at=2))
    wider = COMPACT.model_copy(update={"channels": (16, 32)})
    with pytest.raises(InputError, match="checkpoint base-0000002: "):
        fit(tmp_path, plan(), resume=True, compact=wider)


def overshooting(siamese: int, base_weights: str = "best"):
    """A plan whose base is best after its first step: the learning rate is far too high."""
    what = plan(4, siamese, checkpoint_every=1, keep_checkpoints=1, ema=0.0,
                base_weights=base_weights)  # fmt: skip
    return replace(what, base=PhaseOptions(steps=4, warmup_steps=0, learning_rate=0.1))


@pytest.mark.parametrize("base_weights", ["best", "last"])
def test_what_the_siamese_phase_begins_with(tmp_path, base_weights):
    told = Told()
    outcome = fit(tmp_path, overshooting(0, base_weights), told)
    losses = {
        row["step"]: row["val"] for row in told.rows if row.get("phase") == "base" and "val" in row
    }
    best = min(losses, key=losses.get)
    assert best < 4
    assert outcome.last.name == "siamese-0000000"
    begun = losses[best] if base_weights == "best" else losses[4]
    assert outcome.last.val_loss == pytest.approx(begun, abs=1e-5)
    checkpoints = Checkpoints(tmp_path)
    assert [s.name for s in checkpoints.states() if s.phase == "base"] == [
        f"base-{best:07d}", "base-0000004",
    ]  # fmt: skip
    whole = checkpoints.load(outcome.last, "weights")
    source = f"base-{best if base_weights == 'best' else 4:07d}"
    theirs = checkpoints.load(checkpoints.state(source), "average")
    assert all(torch.equal(whole[name], value) for name, value in theirs.items())


def test_what_was_read_of_a_checkpoint_is_let_go_of(tmp_path, monkeypatch):
    with pytest.raises(InterruptedRunError):
        fit(tmp_path, plan(BASE, SIAMESE), Told(stop_at=BASE + 2))
    read, held, load = [], [], Checkpoints.load

    def remembered(*asked):
        tensors = load(*asked)
        read.extend(weakref.ref(tensor) for tensor in tensors.values())
        return tensors

    class Asked(Told):
        def stop(self):
            gc.collect()
            held.append(sum(each() is not None for each in read))
            return super().stop()

    monkeypatch.setattr(Checkpoints, "load", remembered)
    fit(tmp_path, plan(BASE, SIAMESE), Asked(), resume=True)
    assert read
    assert held == [0] * (SIAMESE - 2)


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_fit_without_an_average_resumes_from_either_kind_of_checkpoint(tmp_path, ema):
    """Older versions wrote an average that was the weights again."""
    what = plan(BASE, SIAMESE, checkpoint_every=2, ema=ema)
    whole = fit(tmp_path / "whole", what).last
    assert (tmp_path / "whole" / whole.name / "average.safetensors").is_file() == bool(ema)
    with pytest.raises(InterruptedRunError):
        fit(tmp_path / "cut", what, Told(stop_at=BASE + 2))
    store = Checkpoints(tmp_path / "cut")
    state = store.latest()
    parts = {part: store.load(state, part) for part in state.sha256}
    if not ema:
        parts["average"] = {k: v for k, v in parts["average"].items() if "controlnet" in k}
    store.save(state, parts)
    assert fit(tmp_path / "cut", what, resume=True).last.sha256 == whole.sha256


@pytest.mark.parametrize("k", [3, 4, 5])
def test_the_best_of_a_base_is_found_again(tmp_path, k):
    whole = fit(tmp_path / "whole", overshooting(2)).last
    with pytest.raises(KilledError):
        fit(tmp_path / "cut", overshooting(2), Told(kill_at=k))
    resumed = fit(tmp_path / "cut", overshooting(2), resume=True).last
    assert resumed.sha256 == whole.sha256


@pytest.mark.parametrize("k", [3, 5])
def test_where_a_fit_was_stopped_does_not_change_which_weights_are_its_best(tmp_path, k):
    what = replace(overshooting(2), training=overshooting(2).training.model_copy(
        update={"checkpoint_every": 2}))  # fmt: skip
    whole = fit(tmp_path / "whole", what).last
    with pytest.raises(InterruptedRunError):
        fit(tmp_path / "cut", what, Told(stop_at=k))
    resumed = fit(tmp_path / "cut", what, resume=True).last
    assert resumed == whole
