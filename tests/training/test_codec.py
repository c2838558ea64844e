"""Making codecs ready."""

import numpy as np
import pytest
import torch

from medsynth.core.errors import UsageError
from medsynth.model.codecs.building import build_codec
from medsynth.model.codecs.options import CodecOptions
from medsynth.model.pixels import to_tensor
from medsynth.training.codec import fit_decoder, prepare_codec, reconstruction_loss

from .tiny import arrays


def prepared(name, steps=4, seed=0, pairs=None, **more):
    values = {"factor": 4, "width": 8, "blocks": 1, "channels": 4, "steps": steps} | more
    options = CodecOptions(name=name, **values)
    codec, told = build_codec(options, 1), []
    pairs = pairs or arrays(6)
    prepare_codec(codec, options, pairs, seed, lambda *said: told.append(said))
    return codec, told


def error(codec, pairs):
    images = to_tensor(list(pairs.images)) * 2 - 1
    with torch.no_grad():
        return (codec.decode(codec.encode(images)) - images).square().mean().item()


@pytest.mark.parametrize("name", ["haar", "patches", "autoencoder"])
def test_a_ready_codec_is_frozen_and_the_same_each_time(name):
    torch.manual_seed(1)
    codec, _ = prepared(name)
    torch.manual_seed(2)
    again, _ = prepared(name)
    assert not any(p.requires_grad for p in codec.parameters())
    assert all(torch.equal(v, again.state_dict()[k]) for k, v in codec.state_dict().items())
    images = to_tensor(list(arrays(6).images)) * 2 - 1
    with torch.no_grad():
        latents = codec.encode(images)
    assert latents.mean((0, 2, 3)).abs().max() < 1e-3
    torch.testing.assert_close(
        latents.std((0, 2, 3), correction=0), codec.std, rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("name", ["patches", "autoencoder"])
def test_fitting_a_codec_lessens_its_error(name):
    pairs = arrays(6)
    short, _ = prepared(name, steps=1, pairs=pairs)
    long, told = prepared(name, steps=120, pairs=pairs, noise=0.0, learning_rate=1e-2)
    assert error(long, pairs) < 0.8 * error(short, pairs)
    assert told[-1][:2] == (120, 120)
    assert "codec, error" in told[-1][2]


def test_noise_is_in_units_of_what_a_learned_encoder_gives_now():
    """Its statistics are of before the fit, when it gave other numbers."""
    pairs, options = arrays(6), CodecOptions(name="autoencoder", factor=4, width=8, channels=4)
    images = to_tensor(list(pairs.images)) * 2 - 1
    spoilt = []
    for factor in (1.0, 100.0):
        codec = build_codec(options, 1)
        codec.fit_statistics(images)
        codec.scale.mul_(factor)
        seen, real = [], codec.from_raw

        def noted(raw, seen=seen, real=real):
            seen.append(raw.detach().clone())
            return real(raw)

        codec.from_raw = noted
        short = options.model_copy(update={"steps": 1})
        fit_decoder(codec, short, pairs, 0, lambda *_: None)
        spoilt.append(seen[0])
    assert torch.equal(*spoilt)


def test_another_seed_is_another_codec():
    a, b = prepared("patches")[0], prepared("patches", seed=1)[0]
    assert not all(torch.equal(v, b.state_dict()[k]) for k, v in a.state_dict().items())


def test_a_pretrained_codec_needs_its_weights():
    with pytest.raises(UsageError, match="needs weights"):
        prepared("taef2", factor=8)


def test_the_reconstruction_loss_sees_edges():
    image = torch.zeros(1, 1, 4, 4)
    flat, edge = image + 0.5, image.clone()
    edge[..., 2:] = 1
    assert reconstruction_loss(image, image) == 0
    assert reconstruction_loss(flat, image).item() == pytest.approx(0.5)
    assert reconstruction_loss(edge, image).item() == pytest.approx(0.5 + 1 / 3)


def test_statistics_are_of_the_training_images_alone():
    bright = arrays(6)
    bright = type(bright)(np.clip(bright.images + 100, 0, 255).astype(np.uint8), bright.hints)
    assert prepared("haar", pairs=bright)[0].mean[0, 0] > prepared("haar")[0].mean[0, 0]
