"""The algebra of noise schedules, against diffusers and against itself."""

import pytest
import torch
from diffusers import DDPMScheduler
from pydantic import ValidationError

from medsynth.model.schedule import NoiseSchedule, cosine_alphas, scaled_linear_alphas, shifted
from medsynth.model.schedule_options import ScheduleOptions

SCHEDULES = [
    ScheduleOptions(name=name, prediction=prediction, shift=shift)
    for name in ("cosine", "scaled-linear")
    for prediction in ("epsilon", "v")
    for shift in (1.0, 2.5)
]


def identify(options):
    return f"{options.name}-{options.prediction}-{options.shift}"


def noised(schedule, steps=25):
    rng = torch.Generator().manual_seed(0)
    t = torch.linspace(0, schedule.steps - 1, steps).long()
    x0 = torch.randn(steps, 2, 3, 3, generator=rng, dtype=torch.float64)
    eps = torch.randn(steps, 2, 3, 3, generator=rng, dtype=torch.float64)
    return x0, eps, t


def test_scaled_linear_equals_that_of_diffusers():
    theirs = DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    torch.testing.assert_close(
        scaled_linear_alphas(), theirs.alphas_cumprod.double(), rtol=1e-4, atol=1e-7
    )


def test_cosine_equals_that_of_diffusers():
    theirs = DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    torch.testing.assert_close(
        cosine_alphas(), theirs.alphas_cumprod.double(), rtol=1e-4, atol=1e-7
    )


@pytest.mark.parametrize("options", SCHEDULES, ids=identify)
def test_noise_and_velocity_equal_those_of_diffusers(options):
    """With the same betas, diffusers adds the same noise and has the same targets."""
    schedule = NoiseSchedule(options).double()
    theirs = DDPMScheduler(trained_betas=schedule.betas())
    x0, eps, t = noised(schedule)
    z = schedule.add_noise(x0, eps, t)
    close = {"rtol": 1e-4, "atol": 1e-4}
    torch.testing.assert_close(z, theirs.add_noise(x0, eps, t).double(), **close)
    expected = eps if options.prediction == "epsilon" else theirs.get_velocity(x0, eps, t).double()
    torch.testing.assert_close(schedule.target(x0, eps, t), expected, **close)


@pytest.mark.parametrize("options", SCHEDULES, ids=identify)
def test_the_data_comes_back_from_noise_and_target(options):
    schedule = NoiseSchedule(options).double()
    x0, eps, t = noised(schedule)
    z, target = schedule.add_noise(x0, eps, t), schedule.target(x0, eps, t)
    torch.testing.assert_close(schedule.predict_x0(z, target, t), x0, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("options", SCHEDULES, ids=identify)
def test_betas_rebuild_the_schedule(options):
    schedule = NoiseSchedule(options)
    betas = torch.tensor(schedule.betas(), dtype=torch.float64)
    assert len(betas) == schedule.steps == 1000
    assert (betas > 0).all()
    assert (betas < 1).all()
    torch.testing.assert_close(torch.cumprod(1 - betas, 0), schedule.cumulative, rtol=1e-9, atol=0)
    torch.testing.assert_close(
        schedule.alphas.double() ** 2 + schedule.sigmas.double() ** 2,
        torch.ones(1000, dtype=torch.float64),
        rtol=0,
        atol=1e-6,
    )


def test_a_shift_divides_the_signal_to_noise_amplitude():
    alphas = cosine_alphas()
    ratio = (alphas / (1 - alphas)).sqrt()
    after = shifted(alphas, 3.0)
    torch.testing.assert_close((after / (1 - after)).sqrt(), ratio / 3, rtol=1e-6, atol=0)
    assert torch.equal(NoiseSchedule(ScheduleOptions(shift=1.0)).cumulative, shifted(alphas, 1.0))


def test_tables_follow_the_device_and_dtype_but_are_not_saved():
    schedule = NoiseSchedule(ScheduleOptions())
    assert schedule.state_dict() == {}
    alpha, sigma = schedule.double().alpha_sigma(torch.tensor([0, 999]))
    assert alpha.dtype == sigma.dtype == torch.float64
    assert alpha.shape == (2, 1, 1, 1)
    assert alpha[0] > sigma[0]
    assert alpha[1] < sigma[1]


@pytest.mark.parametrize("shift", [0, -1, float("nan"), float("inf")])
def test_a_shift_that_makes_no_schedule_is_refused(shift):
    with pytest.raises(ValidationError):
        ScheduleOptions(shift=shift)
