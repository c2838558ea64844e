"""MobileNetV2: the published shape, and torchvision's names."""

import pytest
import torch

from medsynth.core.errors import InputError
from medsynth.model.mobilenet import MobileNetV2, load_mobilenet


def test_it_has_the_published_size():
    network = MobileNetV2().eval()
    assert sum(p.numel() for p in network.parameters()) == 2_223_872  # 3.5 M with the classifier
    assert len(network.features) == 19
    assert network(torch.rand(2, 3, 64, 48)).shape == (2, 1280)
    names = set(network.state_dict())
    assert {"features.0.0.weight", "features.1.conv.1.weight", "features.2.conv.3.bias"} <= names
    assert network.state_dict()["features.18.1.running_var"].shape == (1280,)


def test_weights_come_back_and_others_are_refused(tmp_path):
    network = MobileNetV2().eval()
    values = network.state_dict() | {"classifier.1.weight": torch.zeros(1000, 1280)}
    torch.save(values, tmp_path / "good.pth")
    images = torch.rand(1, 3, 32, 32)
    assert torch.equal(load_mobilenet(tmp_path / "good.pth")(images), network(images))
    values.pop("features.3.conv.0.0.weight")
    torch.save(values, tmp_path / "lacks.pth")
    for name in ("lacks.pth", "none.pth"):
        with pytest.raises(InputError, match=r"does not hold MobileNetV2's weights"):
            load_mobilenet(tmp_path / name)
