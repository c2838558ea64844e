"""Preconditioning, against its closed forms."""

import pytest
import torch

from medsynth.model.network import Condition, HintedDiffusion
from medsynth.model.preconditioning import Preconditioning
from medsynth.model.schedule import NoiseSchedule
from medsynth.model.schedule_options import ScheduleOptions

from .tiny import unet

STD = torch.tensor([3.0, 1.0, 0.2, 0.01])


def at_many_levels(seed=0):
    schedule = NoiseSchedule(ScheduleOptions()).double()
    t = torch.tensor([0, 10, 200, 500, 800, 999])
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(len(t), 4, 2, 2, generator=rng, dtype=torch.float64)
    raw = torch.randn(len(t), 4, 2, 2, generator=rng, dtype=torch.float64)
    return schedule, t, z, raw, *schedule.alpha_sigma(t)


def test_unit_variance_is_plain_v_prediction():
    *_, z, raw, alpha, sigma = at_many_levels()
    pre = Preconditioning(torch.ones(4)).double()
    torch.testing.assert_close(pre.network_input(z, alpha, sigma), z, rtol=0, atol=1e-6)
    torch.testing.assert_close(pre.prediction(raw, z, alpha, sigma), -raw, rtol=0, atol=1e-6)


def test_no_output_is_the_best_denoiser_of_a_gaussian():
    """E[x0 | z] = alpha s^2 / (alpha^2 s^2 + sigma^2) z where x0 is N(0, s^2)."""
    schedule, t, z, raw, alpha, sigma = at_many_levels()
    pre = Preconditioning(STD).double()
    x0 = schedule.predict_x0(z, pre.prediction(0 * raw, z, alpha, sigma), t)
    s2 = STD.double().view(1, -1, 1, 1) ** 2
    expected = alpha * s2 / (alpha**2 * s2 + sigma**2) * z
    torch.testing.assert_close(x0, expected, rtol=1e-5, atol=1e-5)


def test_a_network_sees_and_owes_unit_variance():
    schedule, t, *_, alpha, sigma = at_many_levels()
    pre = Preconditioning(STD).double()
    rng = torch.Generator().manual_seed(1)
    shape = (len(t), 4, 100, 100)
    eps = torch.randn(shape, generator=rng, dtype=torch.float64)
    x0 = STD.view(1, -1, 1, 1) * torch.randn(shape, generator=rng, dtype=torch.float64)
    z, v = schedule.add_noise(x0, eps, t), schedule.target(x0, eps, t)
    seen = pre.network_input(z, alpha, sigma)
    one, nothing = pre.prediction(0 * z + 1, 0 * z, alpha, sigma), 0 * z
    owed = (v - pre.prediction(nothing, z, alpha, sigma)) / one
    for values in (seen, owed):
        std = values.std((2, 3))
        torch.testing.assert_close(std, torch.ones_like(std), rtol=0, atol=0.05)
    covariance = (seen * owed).mean((2, 3))
    assert covariance.abs().max() < 0.05


def test_the_network_uses_it():
    network = HintedDiffusion(
        unet(context=False),
        None,
        NoiseSchedule(ScheduleOptions()),
        Preconditioning(torch.tensor([2.0, 0.5, 0.1])),
    ).double()
    z, t = torch.randn(2, 3, 8, 8, dtype=torch.float64), torch.tensor([5, 600])
    with torch.no_grad():
        alpha, sigma = network.schedule.alpha_sigma(t)
        pre = network.preconditioning
        raw = network.unet(pre.network_input(z, alpha, sigma), t, None).sample
        torch.testing.assert_close(network(z, t, Condition()), pre.prediction(raw, z, alpha, sigma))


def test_it_is_written_for_v_alone():
    schedule = NoiseSchedule(ScheduleOptions(prediction="epsilon"))
    with pytest.raises(ValueError, match="v-prediction"):
        HintedDiffusion(unet(context=False), None, schedule, Preconditioning(torch.ones(3)))
