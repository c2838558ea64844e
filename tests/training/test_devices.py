"""Everything follows the device. The meta device computes shapes alone, but on any machine."""

import pytest
import torch

from medsynth.model.compact import add_controlnet, build_network
from medsynth.model.conditions import Conditions
from medsynth.model.network import Condition
from medsynth.model.schedule_options import ScheduleOptions
from medsynth.model.siamese import ControlNetStep, Rows, SiameseStep, base_loss
from medsynth.model.siamese_options import SiameseOptions
from medsynth.training.options import TrainingOptions
from medsynth.training.pairs import PairArrays

from .tiny import COMPACT, arrays, batches

META = torch.device("meta")


def network_on_meta(prediction="v"):
    network = build_network(COMPACT, ScheduleOptions(prediction=prediction), torch.ones(4), 2)
    add_controlnet(network, COMPACT, merges=1)
    return network.to(META)


def batch_on_meta():
    pairs = arrays(5)
    labelled = PairArrays(pairs.images, pairs.hints, Conditions(torch.arange(5).numpy() % 2))
    return batches(labelled, TrainingOptions(batch=3)).batch("base", 0).to(META)


def test_a_batch_comes_on_the_device_that_it_is_sent_to():
    batch = batch_on_meta()
    tensors = [*batch[:-1], batch.condition.labels]
    assert {tensor.device for tensor in tensors} == {META}


@pytest.mark.parametrize("prediction", ["v", "epsilon"])
def test_steps_compute_on_the_device(prediction):
    network, batch = network_on_meta(prediction), batch_on_meta()
    rows = Rows(torch.tensor([0, 2]), torch.tensor([1, 2]))  # known on the CPU, as for a GPU
    losses = (
        base_loss(network, batch),
        SiameseStep(network, SiameseOptions())(batch, 0.5, rows).total,
        ControlNetStep(network, SiameseOptions())(batch, 0.5).total,
    )
    for loss in losses:
        assert loss.device == META
        network.zero_grad()
        loss.backward()
        assert {p.grad.device for p in network.parameters() if p.grad is not None} == {META}


def test_predictions_compute_on_the_device():
    network, batch = network_on_meta(), batch_on_meta()
    features = network.controlnet.hint_features(batch.mask)
    condition = Condition(None, batch.condition.labels)
    assert network(batch.z0, batch.t, condition, features).device == META
