"""The Siamese step on Stable Diffusion's own layout is the published one."""

import pytest
import torch

from medsynth.model.backbone import build_backbone
from medsynth.model.network import Condition
from medsynth.model.options import ModelOptions
from medsynth.model.siamese import SiameseStep, StepInput
from medsynth.model.siamese_options import SiameseOptions

from ..literal import Literal  # noqa: TID252
from ..tiny import randomised  # noqa: TID252

T = 30
STEPS = [(0, [3, 900]), (7, [3, 900]), (11, [200, 201]), (29, [700, 900]), (29, [0, 150])]


@pytest.fixture(scope="module", params=["sd15", "sd2"])
def network(request):
    """A base read from disk, with a ControlNet that is nowhere zero, in float64."""
    prediction = "epsilon" if request.param == "sd15" else "v"
    where = str(request.getfixturevalue(request.param))
    options = ModelOptions(
        backbone="stable-diffusion",
        stable_diffusion={"base": where, "hint_width": 2},
        schedule={"name": "scaled-linear", "prediction": prediction, "weighting": "plain"},
    )
    backbone = build_backbone(options)
    codec = backbone.build_codec(3)
    found = backbone.build_network(codec, 0)
    backbone.add_controlnet(found, codec)
    found.let_train(base=False)
    return randomised(found.double())


def batch(t, network):
    rng = torch.Generator().manual_seed(0)
    n, width = len(t), network.unet.config.cross_attention_dim

    def normal(*shape):
        return torch.randn(shape, generator=rng, dtype=torch.float64)

    return StepInput(
        z0=normal(n, 4, 8, 8),
        mask=(normal(n, 3, 32, 32) > 0).double(),
        image=normal(n, 3, 32, 32).sigmoid(),
        eps=normal(n, 4, 8, 8),
        t=torch.tensor(t),
        eps_again=normal(n, 4, 8, 8),
        keep=torch.ones(n, dtype=torch.float64),
        condition=Condition(normal(n, 16, width), None),
    )


def gradients(network, loss):
    network.zero_grad(set_to_none=True)
    loss.backward()
    return {name: p.grad for name, p in network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize(
    ("step", "t"),
    [(0, [3, 900]), (7, [3, 900]), (11, [200, 201]), (29, [700, 900]), (29, [0, 150])],
)
def test_losses_and_gradients_are_those_of_the_literal_step(network, step, t, checkpointing):
    given, options = batch(t, network), SiameseOptions()
    network.enable_checkpointing(checkpointing)
    ours = SiameseStep(network, options)(given, step / T)
    own = gradients(network, ours.total)
    network.enable_checkpointing(False)
    theirs = Literal(network, options).losses(given, step, T)
    expected = gradients(network, theirs["total"])
    for name, value in theirs.items():
        assert getattr(ours, name).item() == pytest.approx(value.item(), rel=1e-9, abs=1e-12)
    trained = {name for name, p in network.named_parameters() if p.requires_grad}
    assert own.keys() == trained
    assert not {name for name in network.borrowed if name in own}
    for name in trained:
        size = float(expected[name].norm())
        assert size > 0
        assert float((own[name] - expected[name]).norm()) <= 1e-9 * size, name
