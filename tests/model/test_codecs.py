"""Codecs: what is linear inverts exactly, what is orthonormal keeps noise white."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from medsynth.core.errors import InputError, UsageError
from medsynth.model.codecs.building import build_codec
from medsynth.model.codecs.codec import Codec
from medsynth.model.codecs.haar import Haar
from medsynth.model.codecs.options import NAMES, CodecOptions
from medsynth.model.codecs.patches import PrincipalPatches
from medsynth.model.codecs.taef2 import build_taef2, load_weights

WEIGHTS = Path(__file__).parents[3] / "shared" / "weights" / "taef2.safetensors"
FACTORS, CHANNELS, CELLS = st.sampled_from([2, 4, 8]), st.sampled_from([1, 3]), st.integers(1, 3)


def random_images(n, channels, height, width, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(n, channels, height, width, generator=rng, dtype=torch.float64) - 1


def blurred_images(n=24, channels=3, side=32, seed=0):
    """Images with the spectrum of natural ones, more or less."""
    coarse = random_images(n, channels, side // 4, side // 4, seed).float()
    fine = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic")
    return (fine + 0.05 * random_images(n, channels, side, side, seed + 1).float()).clamp(-1, 1)


def all_patches(factor, channels):
    codec = PrincipalPatches(factor, channels * factor**2, channels, width=8, blocks=1).double()
    codec.fit_basis(random_images(20, channels, 8 * factor, 8 * factor))
    return codec


def linear_pair(name, factor, channels):
    """The linear map of a codec and what shall be its inverse."""
    if name == "haar":
        codec = Haar(factor, channels).double()
        return codec.to_raw, codec.from_raw
    codec = all_patches(factor, channels)
    return codec.to_raw, codec.linear


@pytest.mark.parametrize("name", ["haar", "patches"])
@given(FACTORS, CHANNELS, CELLS, CELLS)
@settings(max_examples=15, deadline=None)
@torch.no_grad()
def test_linear_maps_invert_exactly_both_ways(name, factor, channels, rows, columns):
    to_raw, back = linear_pair(name, factor, channels)
    images = random_images(2, channels, rows * factor, columns * factor, seed=7)
    raw = to_raw(images)
    assert raw.shape == (2, channels * factor**2, rows, columns)
    close = {"rtol": 0, "atol": 1e-6}
    torch.testing.assert_close(back(raw), images, **close)
    noise = torch.randn(raw.shape, generator=torch.Generator().manual_seed(1)).double()
    torch.testing.assert_close(to_raw(back(noise)), noise, **close)
    torch.testing.assert_close(raw.square().sum(), images.square().sum(), rtol=1e-6, atol=0)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("name", ["haar", "patches"])
@torch.no_grad()
def test_white_noise_stays_white(name, factor, channels):
    """The map of latents to the image has orthonormal columns, hence identity covariance."""
    _, back = linear_pair(name, factor, channels)
    size = channels * factor**2
    units = torch.eye(size, dtype=torch.float64).view(size, size, 1, 1)
    pixels = back(units).flatten(1)
    torch.testing.assert_close(
        pixels.T @ pixels, torch.eye(size, dtype=torch.float64), rtol=0, atol=1e-6
    )


@torch.no_grad()
def test_haar_of_a_constant_is_one_number():
    raw = Haar(4, 1).to_raw(torch.full((1, 1, 8, 8), 0.5))
    assert raw[0, 0].unique().tolist() == [2.0]
    assert raw[0, 1:].abs().max() == 0


@torch.no_grad()
def test_haar_puts_luminance_and_coarse_bands_first():
    image = torch.full((1, 3, 4, 4), 0.5)
    raw = Haar(4, 3).to_raw(image)
    assert raw[0, 0, 0, 0] == pytest.approx(0.5 * 4 * 3**0.5)
    assert raw[0, 1:].abs().max() < 1e-6


@torch.no_grad()
def test_leading_components_keep_the_most_variance():
    images = blurred_images()
    codec = PrincipalPatches(4, 6, 3, width=8, blocks=1)
    kept = codec.fit_basis(images)
    patches = torch.nn.functional.pixel_unshuffle(images, 4).permute(0, 2, 3, 1).reshape(-1, 48)
    values = np.linalg.eigvalsh(np.cov(patches.double().numpy().T, bias=True))[::-1]
    assert kept == pytest.approx(values[:6].sum() / values.sum(), rel=1e-5)
    rows = codec.basis.flatten(1)
    torch.testing.assert_close(rows @ rows.T, torch.eye(6), rtol=0, atol=1e-5)
    raw = codec.to_raw(images)
    variance = raw.var((0, 2, 3), correction=0).numpy()
    np.testing.assert_allclose(variance, values[:6], rtol=1e-3, atol=1e-5)
    assert (codec.to_raw(codec.linear(raw)) - raw).abs().max() < 1e-4


@torch.no_grad()
def test_a_new_refiner_changes_nothing():
    images = blurred_images(4)
    codec = build_codec(CodecOptions(name="patches", factor=4, channels=12, width=8), 3)
    codec.fit_basis(images)
    raw = codec.to_raw(images)
    assert torch.equal(codec.from_raw(raw), codec.linear(raw))


def test_more_components_than_there_are_is_all_of_them():
    codec = build_codec(CodecOptions(name="patches", factor=2, channels=99, width=8), 1)
    assert codec.channels == 4


def ready(name, channels, images, **more):
    codec = build_codec(CodecOptions(name=name, **({"factor": 4, "width": 8} | more)), channels)
    if isinstance(codec, PrincipalPatches):
        codec.fit_basis(images)
    codec.fit_statistics(images)
    return codec


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "taef2"])
@torch.no_grad()
def test_latents_are_centred_and_of_order_one(name, channels):
    images = blurred_images(channels=channels)
    codec = ready(name, channels, images, whitening=0.0)
    latents = codec.encode(images)
    assert latents.shape == (24, codec.channels, 8, 8)
    assert latents.mean((0, 2, 3)).abs().max() < 1e-3
    std = latents.std((0, 2, 3), correction=0)
    torch.testing.assert_close(std, codec.std, rtol=1e-3, atol=1e-3)
    if name != "autoencoder":
        assert std.square().mean().sqrt() == pytest.approx(1, rel=1e-3)
        assert codec.scale.unique().numel() == 1
    decoded = codec.decode(latents)
    assert decoded.shape == images.shape
    assert decoded.abs().max() <= 1


@pytest.mark.parametrize("name", ["haar", "patches"])
@pytest.mark.parametrize("whitening", [0.0, 0.5, 1.0])
@torch.no_grad()
def test_whitening_goes_from_one_scale_to_unit_variance(name, whitening):
    images = blurred_images()
    plain = ready(name, 3, images, whitening=0.0).std
    std = ready(name, 3, images, whitening=whitening).std
    assert plain.max() > 5 * plain.min()
    ratio = std / plain ** (1 - whitening)
    torch.testing.assert_close(ratio, ratio[0].expand_as(ratio), rtol=1e-3, atol=1e-4)
    assert std.square().mean().sqrt() == pytest.approx(1, rel=1e-3)


@torch.no_grad()
def test_haar_loses_nothing():
    images = blurred_images()
    codec = ready("haar", 3, images)
    torch.testing.assert_close(codec.decode(codec.encode(images)), images, rtol=0, atol=1e-5)


@torch.no_grad()
def test_statistics_do_not_depend_on_batches():
    images = blurred_images()
    a, b = Haar(4, 3), Haar(4, 3)
    a.fit_statistics(images, batch=64)
    b.fit_statistics(images, batch=5)
    for name, value in a.state_dict().items():
        torch.testing.assert_close(value, b.state_dict()[name], rtol=1e-6, atol=1e-7)


@torch.no_grad()
def test_constant_images_are_no_division_by_zero():
    images = torch.full((4, 3, 8, 8), 0.25)
    for name in ("haar", "patches"):
        codec = ready(name, 3, images)
        latents = codec.encode(images)
        assert latents.isfinite().all()
        assert codec.decode(latents).isfinite().all()
        if name == "haar":
            assert (codec.decode(latents) - images).abs().max() < 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_building_is_the_same_each_time_and_leaves_the_global_generator_alone(name):
    options = CodecOptions(name=name, factor=8, width=8)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = build_codec(options, 3).state_dict()
    if name != "taef2":
        assert torch.equal(torch.get_rng_state(), before)
    second = build_codec(options, 3).state_dict()
    assert first.keys() == second.keys()
    if name != "taef2":
        assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "haar", "factor": 6}, "power of two"),
        ({"name": "har"}, "unknown codec 'har': did you mean 'haar'"),
    ],
)
def test_impossible_options(values, message):
    with pytest.raises(ValidationError, match=message):
        CodecOptions(**values)


def test_the_pretrained_codec_has_one_factor():
    with pytest.raises(UsageError, match="factor must be 8"):
        build_codec(CodecOptions(name="taef2", factor=4), 3)


def test_the_base_has_nothing_of_its_own():
    codec = Codec(8, 4, 3)
    assert codec.merges == 3
    for method in (codec.to_raw, codec.from_raw):
        with pytest.raises(NotImplementedError):
            method(torch.zeros(1))


# TAEF2


def taef2(channels):
    if not WEIGHTS.is_file():
        pytest.skip(f"TAEF2's weights are not at {WEIGHTS}")
    codec = build_taef2(CodecOptions(name="taef2", factor=8), channels)
    load_weights(codec, str(WEIGHTS))
    return codec


@pytest.mark.parametrize("channels", [1, 3])
@torch.no_grad()
def test_the_pretrained_autoencoder_gives_a_micrograph_back(channels):
    from skimage.data import immunohistochemistry

    array = torch.from_numpy(immunohistochemistry()[:256, :256]).permute(2, 0, 1)[None]
    images = array.float() / 127.5 - 1
    if channels == 1:
        images = images.mean(1, keepdim=True)
    codec = taef2(channels)
    codec.fit_statistics(images)
    back = codec.decode(codec.encode(images))
    error = ((back - images) / 2).square().mean().item()
    assert codec.encode(images).shape == (1, 32, 32, 32)
    assert -10 * np.log10(error) > 30


def test_no_weights_named():
    with pytest.raises(UsageError, match="needs weights") as caught:
        load_weights(build_taef2(CodecOptions(name="taef2"), 3), None)
    assert "--set model.codec.weights=PATH" in caught.value.tip


def test_wrong_weights_files(tmp_path):
    codec = build_taef2(CodecOptions(name="taef2"), 3)
    own = {k: v for k, v in codec.state_dict().items() if k.startswith(("encoder", "decoder"))}
    key = next(iter(own))

    def refused(name):
        with pytest.raises(InputError) as caught:
            load_weights(codec, str(tmp_path / name))
        assert caught.value.exit_code == 3
        assert name in caught.value.what
        assert "--set model.codec.weights=PATH" in caught.value.tip
        return caught.value.what

    refused("gone.safetensors")
    (tmp_path / "text.safetensors").write_text("not weights at all")
    assert "cannot be read" in refused("text.safetensors")
    save_file({"other": torch.zeros(2)}, tmp_path / "other.safetensors")
    assert "does not hold TAEF2's weights" in refused("other.safetensors")
    save_file(own | {key: torch.zeros(2)}, tmp_path / "shape.safetensors")
    assert "does not hold TAEF2's weights" in refused("shape.safetensors")
    save_file(own, tmp_path / "good.safetensors")
    data = (tmp_path / "good.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(data[: len(data) // 2])
    assert "cannot be read" in refused("cut.safetensors")
    load_weights(codec, str(tmp_path / "good.safetensors"))
    assert torch.equal(codec.state_dict()[key], load_file(tmp_path / "good.safetensors")[key])
