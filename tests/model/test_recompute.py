"""Recomputation keeps less, counts the same, and takes the weights of its own forward pass."""

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.func import functional_call

from medsynth.model.recompute import recomputed
from medsynth.model.siamese import SiameseStep
from medsynth.model.siamese_options import SiameseOptions

from .tiny import batch, compact, prompted


def saved_elements(run):
    """Count the elements that autograd keeps between `run` and its backward pass."""
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.numel()
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = run()
    assert loss.requires_grad
    return sum(kept.values())


def test_weights_that_are_constants_stay_so():
    module = nn.Linear(3, 3)
    x = torch.randn(2, 3, requires_grad=True)
    constants = {name: p.detach().clone() for name, p in module.named_parameters()}

    class Around(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = module

        def forward(self, x):
            return recomputed(self.inner, x)

    y = functional_call(Around(), {f"inner.{k}": v for k, v in constants.items()}, (x,))
    with torch.no_grad():
        module.weight.zero_()  # what the live weights become meanwhile does not matter
    y.sum().backward()
    assert module.weight.grad is None
    assert torch.equal(x.grad, constants["weight"].sum(0).expand(2, 3))


def test_checkpointing_keeps_less():
    for network, given in ((compact(), batch([5, 900])), (prompted(), batch([5, 900], True))):
        step = SiameseStep(network, SiameseOptions())
        assert not network.checkpointing
        plain = saved_elements(lambda s=step, g=given: s(g, 0.5).total)
        network.enable_checkpointing(True)
        assert network.checkpointing
        assert saved_elements(lambda s=step, g=given: s(g, 0.5).total) < 0.6 * plain


def test_the_hint_encoder_keeps_its_stages_inputs_alone():
    network, picture = compact(), torch.rand(1, 3, 16, 16, dtype=torch.float64)
    hint = network.controlnet.controlnet_cond_embedding.hint
    plain = saved_elements(lambda: hint(picture).sum())
    network.enable_checkpointing(True)
    weights = sum(p.numel() for p in hint.parameters())
    stages = 16 * 16 * (3 + 2 + 4)  # the picture and what the two stages at full size hand on
    assert saved_elements(lambda: hint(picture).sum()) - weights <= stages < plain / 4
