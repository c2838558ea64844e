"""The gradient of a loss, computed in the forward pass."""

import pytest
import torch

from medsynth.model.at_once import at_once


def energy(a, b):
    product = a * b
    return product.square().sum(), product


def inputs():
    rng = torch.Generator().manual_seed(0)
    return [torch.randn(3, generator=rng, dtype=torch.float64).requires_grad_() for _ in "ab"]


@pytest.mark.parametrize("scale", [1.0, 4096.0])
def test_loss_and_gradient_are_those_of_the_plain_pass(scale):
    a, b = inputs()
    expected = torch.autograd.grad(2 * energy(a, b)[0], (a, b))
    loss, rest = at_once(energy, a, b, scale=scale)
    assert loss.item() == energy(a, b)[0].item()
    assert torch.equal(rest, (a * b).detach())
    assert not rest.requires_grad
    torch.testing.assert_close(torch.autograd.grad(2 * loss, (a, b)), expected)


def test_what_the_pass_closes_over_gets_no_gradient():
    a, b = inputs()
    loss, _ = at_once(lambda a: energy(a, b), a)
    assert torch.autograd.grad(loss, (a, b), allow_unused=True)[1] is None


def test_a_gradient_of_many_elements_survives_half_precision():
    x = torch.full((4096,), 1e-2, dtype=torch.float16, requires_grad=True)

    def mean_square(x):
        return (x.square() * 0.1).float().mean(), x

    lost, _ = at_once(mean_square, x)
    kept, _ = at_once(mean_square, x, scale=4096.0)
    truth = 2 * 0.1 * 1e-2 / 4096
    found = [torch.autograd.grad(loss * 4096, x)[0][0].item() for loss in (lost, kept)]
    assert found[1] == pytest.approx(truth * 4096, rel=1e-3)
    assert abs(found[0] / (truth * 4096) - 1) > 0.01


def test_without_gradient_the_pass_just_runs():
    a, b = inputs()
    with torch.no_grad():
        loss, rest = at_once(energy, a, b)
    assert not loss.requires_grad
    assert rest.shape == (3,)


def test_the_activations_are_gone():
    a, b = inputs()
    alive = []

    class Watched(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.token = Token()
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            return grad

    class Token:
        def __init__(self):
            alive.append(1)

        def __del__(self):
            alive.pop()

    loss, _ = at_once(lambda a: energy(Watched.apply(a), b), a)
    assert not alive
    loss.backward()
