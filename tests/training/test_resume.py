"""A fit that was stopped or killed anywhere ends as one that never was: bit for bit."""

import pytest

from medsynth.core.errors import InputError, InterruptedRunError
from medsynth.training.checkpoints import Checkpoints

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


def test_resuming_what_is_finished_changes_nothing(tmp_path, uninterrupted):
    what = plan(BASE, SIAMESE, checkpoint_every=2)
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
