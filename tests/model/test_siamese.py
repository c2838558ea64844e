"""The Siamese step is the published one: its losses, its gradients, and who gets them."""

import pytest
import torch

from medsynth.model import hint as hint_module
from medsynth.model.network import Condition
from medsynth.model.siamese import (
    BaseStep,
    ControlNetStep,
    SiameseStep,
    StepInput,
    augmentation_rows,
    base_loss,
    image_weight,
    rows_of,
)
from medsynth.model.siamese_options import SiameseOptions

from .literal import MUTATIONS, Literal
from .tiny import batch, compact, prompted

T = 30
STEPS = {"at the start": 0, "below T/3": 7, "at T/3": 10, "above T/3": 11, "at the end": 29}
TIMESTEPS = [3, 200, 201, 900]
NETWORKS = {
    "compact": lambda: (compact(), {}),
    "compact, plain means": lambda: (compact(weighting="plain"), {}),
    "compact with labels": lambda: (compact(labels=2), {"labels": 2}),
    "epsilon": lambda: (compact(prediction="epsilon"), {}),
    "prompts": lambda: (prompted(), {"context": True}),
}


def gradients(network, loss):
    network.zero_grad(set_to_none=True)
    loss.backward()
    return {name: p.grad for name, p in network.named_parameters() if p.grad is not None}


def largest_difference(ours, theirs):
    """The largest |g - g'| / |g'| of all parameters; a lack of one of the two is infinite.

    What is rounding noise on both sides (a key's bias has no influence on attention) is zero.
    """
    worst, noise = 0.0, 1e-12 * sum(float(g.norm()) for g in theirs.values())
    for name in ours.keys() | theirs.keys():
        a, b = ours.get(name), theirs.get(name)
        norms = [0.0 if g is None else float(g.norm()) for g in (a, b)]
        if max(norms) < noise:
            continue
        if min(norms) < noise:
            return float("inf")
        worst = max(worst, float((a - b).norm()) / norms[1])
    return worst


def difference(network, given, step, options=None, mutation="", checkpointing=False):
    """Return the largest relative differences of losses and of gradients to the literal step."""
    options = options or SiameseOptions()
    network.enable_checkpointing(checkpointing)
    ours = SiameseStep(network, options)(given, step / T)
    own = gradients(network, ours.total)
    network.enable_checkpointing(False)
    theirs = Literal(network, options, mutation).losses(given, step, T)
    assert theirs.keys() == ours._asdict().keys()
    losses = max(
        abs(ours._asdict()[name].item() - value.item()) / max(abs(value.item()), 1e-12)
        for name, value in theirs.items()
    )
    return losses, largest_difference(own, gradients(network, theirs["total"]))


@pytest.mark.parametrize("when", STEPS)
@pytest.mark.parametrize("kind", NETWORKS)
def test_losses_and_gradients_are_those_of_the_literal_step(kind, when):
    network, more = NETWORKS[kind]()
    losses, grads = difference(network, batch(TIMESTEPS, **more), STEPS[when])
    assert losses <= 1e-9
    assert grads <= 1e-9


@pytest.mark.parametrize("when", STEPS)
@pytest.mark.parametrize("kind", ["compact with labels", "prompts"])
def test_checkpointing_changes_no_gradient(kind, when):
    network, more = NETWORKS[kind]()
    losses, grads = difference(network, batch(TIMESTEPS, **more), STEPS[when], checkpointing=True)
    assert losses <= 1e-9
    assert grads <= 1e-9


def test_checkpointing_drops_the_same_activations():
    found = []
    for checkpointing in (False, True):
        network = compact()
        for module in network.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.3
        network.train()
        network.let_train(base=True)
        network.enable_checkpointing(checkpointing)
        torch.manual_seed(7)
        BaseStep(network)(batch(TIMESTEPS), 0.5).total.backward()
        found.append({n: p.grad for n, p in network.named_parameters() if p.grad is not None})
    torch.testing.assert_close(*found)


@pytest.mark.parametrize("kept", ["1010", "0101", "0001", "0000"])
@pytest.mark.parametrize("kind", ["compact", "prompts"])
def test_dropped_hints_and_other_weights(kind, kept):
    network, more = NETWORKS[kind]()
    keep = torch.tensor([float(each) for each in kept], dtype=torch.float64)
    given = batch(TIMESTEPS, **more)._replace(keep=keep)
    options = SiameseOptions(consistency_weight=0.3, image_loss_weight=2.5)
    losses, grads = difference(network, given, 20, options)
    assert losses <= 1e-9
    assert grads <= 1e-9


def test_dropped_hints_are_left_out():
    network, seen = compact(), []
    network.controlnet.encoder.conv_in.register_forward_hook(lambda *a: seen.append(len(a[1][0])))
    keep = torch.tensor([0.0, 1.0, 0.0, 1.0], dtype=torch.float64)
    SiameseStep(network, SiameseOptions())(batch([900] * 4)._replace(keep=keep), 0.5)
    assert seen == [4]  # mask and image of two samples


def test_rows_may_be_given():
    network, given = compact(), batch(TIMESTEPS)
    step = SiameseStep(network, SiameseOptions())
    found = rows_of(given, 0.5, step.options)
    assert found.hinted == slice(None)
    assert found.augmented.tolist() == [0, 1]
    assert step(given, 0.5, found) == step(given, 0.5)
    nothing = found._replace(augmented=found.augmented[:0])
    assert step(given, 0.5, nothing).augmentation == 0


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_literal_step_sees_each_mistake(mutation):
    network, _ = NETWORKS["compact"]()
    assert difference(network, batch(TIMESTEPS), 12)[1] <= 1e-9
    assert difference(network, batch(TIMESTEPS), 12, mutation=mutation)[1] > 1e-4


def test_the_literal_step_sees_another_order_of_merged_neighbours(monkeypatch):
    network, _ = NETWORKS["compact"]()
    given, options = batch(TIMESTEPS), SiameseOptions()
    own = gradients(network, SiameseStep(network, options)(given, 12 / T).total)

    def by_rows(self, x):
        rows = x.permute(0, 2, 3, 1)
        parts = [rows[:, y::2, x::2] for y in (0, 1) for x in (0, 1)]
        return self.reduction(self.norm(torch.cat(parts, -1))).permute(0, 3, 1, 2)

    monkeypatch.setattr(hint_module.PatchMerge, "forward", by_rows)
    theirs = gradients(network, Literal(network, options).losses(given, 12, T)["total"])
    assert largest_difference(own, theirs) > 1e-4


def part(network, given, progress, **weights):
    """Gradients of the total with some weights, by parameter and by input picture."""
    given = given._replace(
        mask=given.mask.clone().requires_grad_(), image=given.image.clone().requires_grad_()
    )
    base = {"consistency_weight": 0.0, "image_loss_weight": 0.0}
    step = SiameseStep(network, SiameseOptions(**(base | weights)))
    found = gradients(network, step(given, progress).total)
    zero = torch.zeros_like(given.image)
    found["mask picture"] = zero if given.mask.grad is None else given.mask.grad
    found["image picture"] = zero if given.image.grad is None else given.image.grad
    return found


def added_by(network, given, progress, **weights):
    """Gradients that a loss of weight 1 adds."""
    without = part(network, given, progress)
    found = part(network, given, progress, **weights)
    assert found.keys() == without.keys()
    return {name: found[name] - without[name] for name in found}


def norm(found, prefix):
    return sum(float(g.norm()) for name, g in found.items() if name.startswith(prefix))


def test_the_image_loss_trains_the_controlnet_by_the_image_alone():
    found = added_by(compact(), batch(TIMESTEPS), 0.5, image_loss_weight=1.0)
    assert norm(found, "controlnet.down_blocks") > 1e-3
    assert norm(found, "controlnet.controlnet_cond_embedding") > 1e-3
    assert norm(found, "controlnet.controlnet_down_blocks") > 1e-3
    assert norm(found, "image picture") > 1e-6
    assert norm(found, "unet.") < 1e-12
    assert norm(found, "mask picture") < 1e-12


def test_the_consistency_has_no_gradient_through_the_image_branch():
    found = added_by(compact(), batch(TIMESTEPS), 0.5, consistency_weight=1.0)
    assert norm(found, "controlnet.down_blocks") > 1e-3
    assert norm(found, "unet.up_blocks") > 1e-3
    assert norm(found, "mask picture") > 1e-6
    assert norm(found, "image picture") < 1e-12


def test_at_the_start_the_image_is_not_seen():
    found = part(compact(), batch(TIMESTEPS), 0.0, image_loss_weight=1.0, consistency_weight=1.0)
    assert norm(found, "image picture") == 0
    losses = SiameseStep(compact(), SiameseOptions())(batch(TIMESTEPS), 0.0)
    assert losses.image.item() == pytest.approx(losses.mask.item(), rel=1e-12)
    assert losses.consistency < 1e-24


def test_the_frozen_encoder_half_has_no_gradient():
    network = compact()
    found = gradients(network, SiameseStep(network, SiameseOptions())(batch(TIMESTEPS), 0.9).total)
    frozen = {
        name
        for name, _ in network.named_parameters()
        if name.startswith(("unet.conv_in", "unet.time_", "unet.down_blocks", "unet.mid_block"))
    }
    assert len(frozen) > 20
    assert not frozen & found.keys()
    trained = {name for name, _ in network.named_parameters()} - frozen
    assert trained == found.keys()
    assert all(float(g.norm()) > 0 for name, g in found.items() if "to_k.bias" not in name)


@pytest.mark.parametrize(("progress", "begun"), [(0.0, False), (1 / 3, False), (0.34, True)])
def test_augmentation_begins_after_a_third(progress, begun):
    losses = SiameseStep(compact(), SiameseOptions())(batch([3, 50]), progress)
    assert (losses.augmentation > 0) == begun


@pytest.mark.parametrize("steps", [3, 7, 30, 999, 1500, 3000])
def test_the_onset_is_exact_for_every_number_of_steps(steps):
    t, options = torch.zeros(1, dtype=torch.int64), SiameseOptions()
    begun = [len(augmentation_rows(t, s / steps, options)) > 0 for s in range(steps)]
    assert begun == [3 * s > steps for s in range(steps)]


def test_augmentation_counts_samples_up_to_200_over_the_whole_batch():
    rows = augmentation_rows(torch.tensor([0, 200, 201, 999]), 0.5, SiameseOptions())
    assert rows.tolist() == [0, 1]
    step = SiameseStep(compact(), SiameseOptions())
    both, alone = batch([100, 900]), batch([100, 900])
    alone = StepInput(*(each[:1] for each in alone[:-1]), Condition())
    whole, single = step(both, 0.9).augmentation, step(alone, 0.9).augmentation
    assert single > 0
    assert whole.item() == pytest.approx(single.item() / 2, rel=1e-12)
    assert step(batch([201, 999]), 0.9).augmentation == 0


def test_the_ramp_ends_one_step_below_one():
    assert [image_weight(s / T, SiameseOptions()) for s in (0, 15, T - 1)] == [0, 0.5, 29 / 30]


def test_the_total_is_the_plain_sum():
    losses = SiameseStep(compact(), SiameseOptions())(batch(TIMESTEPS), 0.9)
    assert losses.total.item() == pytest.approx(sum(each.item() for each in losses[1:]))
    assert losses.total.requires_grad
    assert not any(each.requires_grad for each in losses[1:])


def test_the_baseline_is_the_mask_branch_alone():
    network, given = compact(), batch(TIMESTEPS)
    baseline = ControlNetStep(network, SiameseOptions())(given, 0.9)
    siamese = SiameseStep(network, SiameseOptions())(given, 0.0)
    assert baseline.total.item() == pytest.approx(siamese.mask.item(), rel=1e-12)
    assert [each.item() for each in baseline[2:]] == [0, 0, 0]
    own = gradients(network, baseline.total)
    assert largest_difference(own, part_of_mask(network, given)) <= 1e-9


def part_of_mask(network, given):
    options = SiameseOptions(consistency_weight=0.0, image_loss_weight=0.0)
    return gradients(network, SiameseStep(network, options)(given, 0.0).total)


def test_the_base_loss_is_that_of_the_unet_alone():
    network, given = compact(weighting="plain"), batch(TIMESTEPS)
    network.requires_grad_(True)
    found = gradients(network, base_loss(network, given))
    assert found.keys() == {n for n, _ in network.named_parameters() if n.startswith("unet.")}
    schedule = network.schedule
    z = schedule.add_noise(given.z0, given.eps, given.t)
    with torch.no_grad():
        error = network(z, given.t, Condition()) - schedule.target(given.z0, given.eps, given.t)
    assert base_loss(network, given).item() == pytest.approx(error.square().mean().item())


def test_conditions_of_a_batch_and_of_its_rows():
    condition = Condition(torch.arange(6.0).view(3, 2, 1), torch.tensor([4, 5, 6]))
    twice = condition.doubled()
    assert twice.labels.tolist() == [4, 5, 6, 4, 5, 6]
    assert twice.context.shape == (6, 2, 1)
    assert torch.equal(twice.context[3:], condition.context)
    assert condition.rows(torch.tensor([2])).labels.tolist() == [6]
    assert Condition().doubled() == Condition().rows(slice(0, 1)) == Condition()
