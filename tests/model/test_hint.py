"""Dense Hint Input, as published: names, shapes, the order of merged neighbours."""

import pytest
import torch

from medsynth.model.compact import add_controlnet, build_network
from medsynth.model.hint import (
    SPARSE_CHANNELS,
    DenseHintInput,
    PatchMerge,
    ResidualBlock,
    SparseHint,
)
from medsynth.model.network import Condition
from medsynth.model.schedule_options import ScheduleOptions

from .tiny import OPTIONS, compact

PUBLISHED = {
    "initial_conv": (16, 3, 3, 3),
    "layer1.conv1": (16, 16, 3, 3),
    "layer1.conv2": (16, 16, 3, 3),
    "conv_before_res2": (32, 16, 3, 3),
    "layer2.conv1": (32, 32, 3, 3),
    "layer2.conv2": (32, 32, 3, 3),
    "patch_merge1.norm": (128,),
    "patch_merge1.reduction": (64, 128),
    "conv_before_res3": (64, 64, 3, 3),
    "layer3.conv1": (64, 64, 3, 3),
    "layer3.conv2": (64, 64, 3, 3),
    "patch_merge2.norm": (256,),
    "patch_merge2.reduction": (128, 256),
    "conv_before_res4": (128, 128, 3, 3),
    "layer4.conv1": (128, 128, 3, 3),
    "layer4.conv2": (128, 128, 3, 3),
    "patch_merge3.norm": (512,),
    "patch_merge3.reduction": (256, 512),
    "conv_before_res5": (256, 256, 3, 3),
    "layer5.conv1": (256, 256, 3, 3),
    "layer5.conv2": (256, 256, 3, 3),
}


def test_names_and_shapes_are_those_of_the_published_checkpoint():
    own = {name: tuple(value.shape) for name, value in DenseHintInput().state_dict().items()}
    expected = {f"{name}.weight": shape for name, shape in PUBLISHED.items()}
    expected |= {f"{name}.bias": shape[:1] for name, shape in PUBLISHED.items()}
    assert own == expected


@pytest.mark.parametrize(("width", "merges"), [(16, 3), (2, 1), (4, 2), (2, 0), (2, 4)])
@torch.no_grad()
def test_it_ends_at_the_resolution_of_the_latents(width, merges):
    hint = DenseHintInput(width=width, merges=merges)
    out = hint(torch.rand(2, 3, 32, 48))
    assert out.shape == (2, hint.out_channels, 32 // 2**merges, 48 // 2**merges)
    assert hint.out_channels == width * 2 ** (merges + 1)


@pytest.mark.parametrize("merges", range(5))
@torch.no_grad()
def test_the_sparse_one_has_the_shape_of_controlnets_own(merges):
    from diffusers.models.controlnets.controlnet import ControlNetConditioningEmbedding

    own = SparseHint(3, merges)
    theirs = ControlNetConditioningEmbedding(8, 3, SPARSE_CHANNELS[: merges + 1])
    theirs.conv_out = torch.nn.Identity()
    assert [v.shape for v in own.state_dict().values()] == [
        v.shape for v in theirs.state_dict().values()
    ]
    own.load_state_dict(dict(zip(own.state_dict(), theirs.state_dict().values(), strict=True)))
    hint = torch.rand(2, 3, 32, 48)
    torch.testing.assert_close(own(hint), theirs(hint))


def test_merged_neighbours_stand_in_the_published_order():
    """Row 0 column 0, row 1 column 0, row 0 column 1, row 1 column 1."""
    picture = torch.tensor([[1.0, 2, 5, 6], [3, 4, 7, 8]]).view(1, 1, 2, 4)
    two_channels = torch.cat([picture, 10 * picture], 1)
    merge, seen = PatchMerge(2), []
    merge.norm.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    out = merge(two_channels)
    assert out.shape == (1, 4, 1, 2)
    assert seen[0].tolist() == [[[[1, 10, 3, 30, 2, 20, 4, 40], [5, 50, 7, 70, 6, 60, 8, 80]]]]


@torch.no_grad()
def test_a_residual_block_is_two_convolutions_and_its_input():
    torch.manual_seed(0)
    block, x = ResidualBlock(4), torch.randn(2, 4, 5, 5)
    silu = torch.nn.functional.silu
    torch.testing.assert_close(block(x), silu(block.conv2(silu(block.conv1(x))) + x))
    torch.nn.init.zeros_(block.conv2.weight)
    torch.nn.init.zeros_(block.conv2.bias)
    torch.testing.assert_close(block(x), silu(x))


@torch.no_grad()
def test_a_new_controlnet_changes_nothing():
    torch.manual_seed(0)
    network = build_network(OPTIONS, ScheduleOptions(), torch.tensor([2.0, 0.5, 0.1]))
    z, t = torch.randn(2, 3, 8, 8), torch.tensor([10, 800])
    alone = network(z, t, Condition())
    add_controlnet(network, OPTIONS, merges=1)
    assert torch.equal(network(z, t, Condition()), alone)
    features = network.controlnet.hint_features(torch.rand(2, 3, 16, 16))
    assert torch.equal(network(z, t, Condition(), features), alone)


@torch.no_grad()
def test_features_depend_on_the_hint_alone():
    network = compact()
    hint = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    both = network.controlnet.hint_features(hint)
    one = network.controlnet.hint_features(hint[1:])
    torch.testing.assert_close(both[1:], one, rtol=1e-12, atol=1e-12)
    assert both.shape == (2, OPTIONS.channels[0], 8, 8)


def test_a_controlnet_trains_itself_and_the_decoder_alone():
    network = compact()
    trained = {name for name, p in network.named_parameters() if p.requires_grad}
    expected = {name for name, _ in network.named_parameters() if name.startswith("controlnet.")}
    decoder = ("unet.up_blocks.", "unet.conv_norm_out.", "unet.conv_out.")
    expected |= {name for name, _ in network.named_parameters() if name.startswith(decoder)}
    assert trained == expected
    assert any(
        name.startswith("controlnet.controlnet_cond_embedding.hint.patch_merge1.")
        for name in trained
    )
