"""Frozen weights held in half precision: nothing changes but the memory."""

import pytest
import torch

from medsynth.model.backbone import build_backbone
from medsynth.model.network import Condition
from medsynth.model.options import ModelOptions
from medsynth.model.precision import autocast, halve, saves_by_halving
from medsynth.model.siamese import SiameseStep, StepInput
from medsynth.model.siamese_options import SiameseOptions

CPU = torch.device("cpu")


@pytest.mark.parametrize("lora", [0, 2])
@pytest.mark.parametrize("kind", ["sd15", "sd2"])
def test_losses_and_gradients_are_those_of_autocast(request, kind, lora):
    where, prediction = request.getfixturevalue(kind), "epsilon" if kind == "sd15" else "v"
    backbone = build_backbone(
        ModelOptions(
            backbone="stable-diffusion",
            stable_diffusion={"base": str(where), "hint_width": 2, "lora_rank": lora},
            schedule={"name": "scaled-linear", "prediction": prediction, "weighting": "plain"},
        )
    )
    torch.manual_seed(0)
    codec = backbone.build_codec(3)
    network = backbone.build_network(codec, 0)
    backbone.add_controlnet(network, codec)
    network.let_train(base=False)
    with torch.no_grad():
        for parameter in network.controlnet.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    batch = StepInput(
        torch.randn(2, 4, 8, 8), torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32),
        torch.randn(2, 4, 8, 8), torch.tensor([50, 700]), torch.randn(2, 4, 8, 8),
        torch.ones(2), Condition(backbone.encode_prompts(["a polyp", ""])),
    )  # fmt: skip

    def step():
        network.zero_grad()
        with autocast("bf16", CPU):
            losses = SiameseStep(network, SiameseOptions())(batch, 0.5)
        losses.total.backward()
        grads = {n: p.grad.clone() for n, p in network.named_parameters() if p.grad is not None}
        return losses, grads

    losses, grads = step()
    held = sum(p.nbytes for p in network.parameters() if not p.requires_grad)
    halve(network, network.borrowed, "bf16")
    assert sum(p.nbytes for p in network.parameters() if not p.requires_grad) < 0.55 * held
    assert {p.dtype for p in network.parameters() if p.requires_grad} == {torch.float32}
    again, theirs = step()
    assert all(torch.equal(a, b) for a, b in zip(losses, again, strict=True))
    assert grads.keys() == theirs.keys()
    assert all(torch.equal(value, theirs[name]) for name, value in grads.items())


def test_only_accelerators_in_half_precision_save_by_it():
    cuda, mps = torch.device("cuda"), torch.device("mps")
    assert [saves_by_halving(p, cuda) for p in ("fp32", "bf16", "fp16")] == [False, True, True]
    assert saves_by_halving("fp16", mps)
    assert not saves_by_halving("bf16", CPU)
