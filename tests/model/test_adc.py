"""Adaptively Distilled ControlNet: what it weighs, and whom it teaches."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medsynth.model.adc import AdcStep, lesion_weight
from medsynth.model.siamese import ControlNetStep, squared_error
from medsynth.model.siamese_options import SiameseOptions

from .tiny import batch, compact, prompted, randomised

TIMESTEPS = [3, 200, 201, 900]


def taught(network):
    AdcStep.prepare(network)
    randomised(network.teacher.double(), seed=7)
    network.let_train(base=False)
    return network


def gradients(network, loss):
    network.zero_grad(set_to_none=True)
    loss.backward()
    return {n: p.grad for n, p in network.named_parameters() if p.grad is not None}


def norm(found, prefix):
    return sum(float(g.norm()) for name, g in found.items() if name.startswith(prefix))


@given(st.integers(1, 15), st.integers(1, 15))
def test_the_weight_is_that_of_its_formula(height, width):
    mask = torch.zeros(1, 3, 16, 16, dtype=torch.float64)
    mask[:, 1, :height, :width] = 0.5
    rho = height * width / 256
    weight = lesion_weight(mask, (16, 16))
    inside = mask.amax(1, keepdim=True) > 0
    torch.testing.assert_close(weight[inside].mean().item(), 1 - rho)
    torch.testing.assert_close(weight[~inside].mean().item(), rho)
    small = lesion_weight(mask, (4, 4))
    torch.testing.assert_close(small.mean(), weight.mean())


def test_without_a_lesion_nothing_is_distilled():
    mask = torch.zeros(2, 3, 8, 8)
    assert not lesion_weight(mask, (4, 4)).any()


@pytest.mark.parametrize("make", [compact, prompted])
def test_losses_are_those_of_two_controlnets(make):
    network = taught(make())
    more = {"context": True} if make is prompted else {}
    told = batch(TIMESTEPS, **more)
    options = SiameseOptions(consistency_weight=0.7)
    losses = AdcStep(network, options)(told, 0.4)
    plain = ControlNetStep(network, options)(told, 0.4)
    assert losses.mask.item() == pytest.approx(plain.total.item(), rel=1e-12)
    z = network.schedule.add_noise(told.z0, told.eps, told.t)
    noisy = network.noisy(z, told.t)
    context = told.condition.context
    mine = network.controlnet
    r_m, r_i = (
        each.residuals(noisy.scaled, told.t, context, each.hint_features(hint))
        for each, hint in ((mine, told.mask), (network.teacher, told.image))
    )
    encoded = network.encode(noisy, told.condition)
    one = network.decode(noisy, encoded, r_m, told.condition)
    two = network.decode(noisy, encoded, r_m.map_with(r_i, 0.25), told.condition)
    target = network.schedule.target(told.z0, told.eps, told.t)
    weight = network.loss_weight(noisy)
    expected = squared_error(two, target, weight).mean().item()
    assert losses.image.item() == pytest.approx(expected, rel=1e-12)
    pixels = lesion_weight(told.mask, (8, 8))
    factors = pixels if weight is None else pixels * weight
    expected = 0.7 * squared_error(one, two, factors).mean().item()
    assert losses.consistency.item() == pytest.approx(expected, rel=1e-12)
    total = losses.mask + losses.image + losses.consistency
    assert losses.total.item() == pytest.approx(total.item(), rel=1e-12)


def test_the_teacher_learns_from_the_image_alone():
    network, told = taught(compact()), batch(TIMESTEPS)
    nothing = {"consistency_weight": 0.0, "image_loss_weight": 0.0}
    plain = gradients(network, AdcStep(network, SiameseOptions(**nothing))(told, 0.5).total)
    assert norm(plain, "teacher.") == 0
    image = SiameseOptions(**(nothing | {"image_loss_weight": 1.0}))
    found = gradients(network, AdcStep(network, image)(told, 0.5).total)
    assert norm(found, "teacher.") > 1e-3
    assert all(torch.allclose(found[n], plain[n]) for n in plain if not n.startswith("teacher."))
    distilled = SiameseOptions(**(nothing | {"consistency_weight": 1.0}))
    found = gradients(network, AdcStep(network, distilled)(told, 0.5).total)
    assert norm(found, "teacher.") == 0
    assert any(not torch.allclose(found[n], plain[n]) for n in plain if "controlnet" in n)
