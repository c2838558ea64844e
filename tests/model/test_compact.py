"""The compact backbone's sizes."""

import pytest
import torch
from pydantic import ValidationError

from medsynth.model.compact import add_controlnet, build_network
from medsynth.model.compact_options import CompactOptions
from medsynth.model.network import Condition
from medsynth.model.schedule_options import ScheduleOptions


@pytest.mark.parametrize("channels", [(8,), (8, 16), (16, 8, 24), (8, 48), (8, 16, 40, 64)])
@torch.no_grad()
def test_every_allowed_size_makes_a_network_with_attention(channels):
    options = CompactOptions(channels=channels, hint_width=2)
    network = build_network(options, ScheduleOptions(), torch.ones(4))
    add_controlnet(network, options, merges=1)
    assert all(p.numel() for p in network.parameters())
    heads = [m.heads for m in network.modules() if hasattr(m, "heads")]
    assert heads
    assert min(heads) >= 1
    hint = torch.rand(1, 3, 32, 32)
    features = network.controlnet.hint_features(hint)
    out = network(torch.randn(1, 4, 16, 16), torch.tensor([5]), Condition(), features)
    assert out.shape == (1, 4, 16, 16)
    assert out.isfinite().all()


@pytest.mark.parametrize("channels", [(), (10, 20), (0,), (-8, 8), (8, 12)])
def test_sizes_that_cannot_be_are_refused(channels):
    with pytest.raises(ValidationError):
        CompactOptions(channels=channels)


@pytest.mark.parametrize("prediction", ["v", "epsilon"])
def test_preconditioning_comes_with_v_alone(prediction):
    options = CompactOptions(channels=(8,))
    network = build_network(options, ScheduleOptions(prediction=prediction), torch.ones(4))
    assert (network.preconditioning is not None) == (prediction == "v")


@torch.no_grad()
def test_labels_change_the_prediction():
    torch.manual_seed(0)
    options = CompactOptions(channels=(8, 16))
    network = build_network(options, ScheduleOptions(), torch.ones(4), label_count=2)
    z, t = torch.randn(1, 4, 8, 8), torch.tensor([500])
    one, two = (network(z, t, Condition(None, torch.tensor([k]))) for k in (0, 1))
    assert (one - two).abs().max() > 1e-4
