"""The halves are diffusers' own forward, cut in two."""

import pytest
import torch
from diffusers import ControlNetModel

from medsynth.model.controlnet import HintControlNet
from medsynth.model.halves import DecoderHalf, EncoderHalf, Residuals

from .tiny import CHANNELS, compact, randomised, unet


def inputs(context, labels, hw=(8, 8)):
    rng = torch.Generator().manual_seed(3)
    z = torch.randn(2, CHANNELS, *hw, generator=rng, dtype=torch.float64)
    prompt = torch.randn(2, 5, 6, generator=rng, dtype=torch.float64) if context else None
    return z, torch.tensor([3, 700]), prompt, torch.tensor([1, 0]) if labels else None


def noise_like(tensor, seed):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(tensor.shape, generator=rng, dtype=tensor.dtype)


@pytest.mark.parametrize("labels", [0, 2])
@pytest.mark.parametrize(
    ("context", "hw"),
    [(False, (8, 8)), (False, (12, 8)), (True, (8, 8)), (True, (7, 9))],  # odd sides, too
)
@pytest.mark.parametrize("residuals", [False, True])
@torch.no_grad()
def test_halves_equal_the_whole(context, residuals, labels, hw):
    whole = unet(context, labels)
    z, t, prompt, ids = inputs(context, labels, hw)
    encoded = EncoderHalf(whole)(z, t, prompt, ids)
    added, more = None, {}
    if residuals:
        skips = tuple(noise_like(skip, k) for k, skip in enumerate(encoded.skips))
        added = Residuals(skips, noise_like(encoded.middle, 99))
        more = {
            "down_block_additional_residuals": added.skips,
            "mid_block_additional_residual": added.middle,
        }
    ours = DecoderHalf(whole)(encoded, added, prompt)
    theirs = whole(z, t, encoder_hidden_states=prompt, class_labels=ids, **more).sample
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("context", [False, True])
@torch.no_grad()
def test_the_controlnet_equals_that_of_diffusers(context):
    """But for its hint stem, which is given as features."""
    whole = unet(context)
    ours = randomised(HintControlNet.from_unet(whole, 2, 1).double())
    theirs = ControlNetModel.from_unet(whole).double()
    theirs.controlnet_cond_embedding = torch.nn.Identity()
    stem = "controlnet_cond_embedding."
    own = {k: v for k, v in ours.state_dict().items() if not k.startswith(stem)}
    assert set(own) == set(theirs.state_dict())
    theirs.load_state_dict(own)
    z, t, prompt, _ = inputs(context, 0)
    features = ours.hint_features(torch.rand(2, 3, 16, 16, dtype=torch.float64))
    assert features.abs().max() > 0.01
    got = ours.residuals(z, t, prompt, features)
    expected = theirs(z, t, prompt, features)
    for a, b in zip(got.skips, expected.down_block_res_samples, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)
    torch.testing.assert_close(got.middle, expected.mid_block_res_sample, rtol=0, atol=1e-10)


def test_the_controlnet_is_saved_and_read_as_diffusers_does(tmp_path):
    ours = randomised(HintControlNet.from_unet(unet(context=True), 2, 1, zero_hint=False))
    ours.save_pretrained(tmp_path)
    theirs = HintControlNet.from_pretrained(tmp_path, torch_dtype=torch.float64)
    assert isinstance(theirs, ControlNetModel)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert all(torch.equal(v, theirs.state_dict()[k]) for k, v in ours.state_dict().items())


def test_halves_share_the_weights_and_cover_them_all():
    network = compact()
    halves = [*network.encoder.parameters(), *network.decoder.parameters()]
    assert {id(p) for p in halves} == {id(p) for p in network.unet.parameters()}
    assert len(halves) == len(list(network.unet.parameters()))
    names = [name for name, _ in network.named_parameters()]
    assert not [name for name in names if name.startswith(("encoder.", "decoder."))]


def test_the_controlnet_is_a_copy_that_does_not_follow_the_unet():
    network = compact()
    before = network.controlnet.encoder.conv_in.weight.clone()
    torch.testing.assert_close(before, network.encoder.conv_in.weight.detach())
    with torch.no_grad():
        network.encoder.conv_in.weight.add_(1)
    assert torch.equal(network.controlnet.encoder.conv_in.weight, before)


def test_arithmetic_of_residuals():
    a = Residuals((torch.ones(3, 1, 2, 2),), 2 * torch.ones(3, 1, 1, 1))
    mixed = a.map_with(a, 0.5)
    assert mixed.skips[0].unique() == 1.5
    assert mixed.middle.unique() == 3
    kept = a.masked(torch.tensor([1, 0, 1]))
    assert kept.skips[0][:, 0, 0, 0].tolist() == [1, 0, 1]
    assert kept.middle.flatten().tolist() == [2, 0, 2]
    assert a.rows(torch.tensor([2])).middle.shape == (1, 1, 1, 1)
    assert a.rows(slice(0, 2)).skips[0].shape == (2, 1, 2, 2)
