"""Sampling against what is known in closed form, and independence of batches."""

import re

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from medsynth.model.codecs.haar import Haar
from medsynth.model.compact import add_controlnet, build_network
from medsynth.model.compact_options import CompactOptions
from medsynth.model.conditions import Conditions
from medsynth.model.network import Condition
from medsynth.model.schedule import NoiseSchedule
from medsynth.model.schedule_options import ScheduleOptions
from medsynth.sampling.options import SamplingOptions
from medsynth.sampling.sampler import (
    build_solver,
    guided,
    noise_for,
    quadratic_timesteps,
    sample_latents,
    synthesize,
)

COMPACT = CompactOptions(channels=(8, 16), hint_width=2)
SOLVERS = ["ddim", "dpm++", "unipc"]


def network_of(std, labels=0, **schedule):
    """A network as a fit leaves it: nothing at zero."""
    torch.manual_seed(0)
    network = build_network(COMPACT, ScheduleOptions(**schedule), torch.tensor(std), labels)
    add_controlnet(network, COMPACT, merges=1)
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(std=0.1)
    return network.requires_grad_(False).eval()


def codec_of(channels=1):
    codec = Haar(2, channels)
    images = torch.rand(8, channels, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    codec.fit_statistics(images)
    return codec


def hints_of(n, hw=(16, 16)):
    rng = np.random.default_rng(0)
    return (rng.random((n, *hw, 1)) > 0.7).repeat(3, 3).astype(np.uint8) * 255


@pytest.fixture(scope="module")
def grey():
    return network_of([1.0, 0.8, 0.5, 0.3]), codec_of()


@pytest.mark.parametrize("solver", SOLVERS)
def test_an_image_is_the_same_whatever_it_is_batched_with(grey, solver):
    options, hints, seeds = SamplingOptions(solver=solver, steps=4), hints_of(6), range(100, 106)
    together = synthesize(*grey, hints, seeds, options)
    assert together.dtype == np.uint8
    assert together.shape == (6, 16, 16, 1)
    assert together.std() > 5
    assert np.array_equal(synthesize(*grey, hints, seeds, options), together)
    order = [4, 1, 5]
    some = synthesize(*grey, hints[order], [seeds[k] for k in order], options)
    alone = synthesize(*grey, hints[2:3], [seeds[2]], options)
    assert np.abs(some.astype(int) - together[order]).max() <= 1
    assert np.abs(alone.astype(int) - together[2:3]).max() <= 1


def test_no_more_are_made_at_once_than_the_batch(grey, monkeypatch):
    """A grid of a fit on a small GPU, above all."""
    network, codec = grey
    sizes, decode = [], codec.decode
    monkeypatch.setattr(codec, "decode", lambda z: sizes.append(len(z)) or decode(z))
    hints, seeds = hints_of(5), range(5)
    many = synthesize(network, codec, hints, seeds, SamplingOptions(steps=2, batch=2))
    assert sizes == [2, 2, 1]
    whole = synthesize(network, codec, hints, seeds, SamplingOptions(steps=2))
    assert np.abs(many.astype(int) - whole.astype(int)).max() <= 1


def test_seed_and_mask_decide_the_image(grey):
    options, hints = SamplingOptions(steps=3), hints_of(2)
    first = synthesize(*grey, hints, [1, 2], options)
    assert (synthesize(*grey, hints, [1, 3], options)[1] != first[1]).any()
    assert (synthesize(*grey, hints[::-1].copy(), [1, 2], options)[0] != first[0]).any()


def best_denoiser(std):
    """A network without output, F = 0: by its preconditioning the best denoiser of N(0, std^2)."""
    network = network_of(std, shift=1.0)
    torch.nn.init.zeros_(network.unet.conv_out.weight)
    torch.nn.init.zeros_(network.unet.conv_out.bias)
    return network


@pytest.mark.parametrize(
    ("solver", "steps", "spacing"),
    [
        ("ddim", 150, "trailing"),
        ("dpm++", 60, "trailing"),
        ("unipc", 60, "trailing"),
        ("ddim", 250, "quadratic"),
        ("dpm++", 40, "quadratic"),
        ("unipc", 20, "quadratic"),
    ],
)
def test_the_best_denoiser_of_a_gaussian_samples_that_gaussian(solver, steps, spacing):
    """The flow of the probability ODE is linear: noise times s / sqrt(alpha^2 s^2 + sigma^2)."""
    std = [1.5, 1.0, 0.5, 0.3]
    network, noise = best_denoiser(std), noise_for(range(16), (4, 8, 8))
    options = SamplingOptions(solver=solver, steps=steps, spacing=spacing)
    z = sample_latents(network, torch.zeros(16, 3, 16, 16), noise, Condition(), options)
    s = torch.tensor(std).view(1, -1, 1, 1)
    alpha, sigma = network.schedule.alpha_sigma(torch.tensor([999]))
    exact = noise * s / (alpha**2 * s**2 + sigma**2).sqrt()
    torch.testing.assert_close(z, exact, rtol=0.03, atol=0.001)
    ratio = z.std((0, 2, 3)) / s.flatten()
    torch.testing.assert_close(ratio, noise.std((0, 2, 3)), rtol=0.03, atol=0)


def kept_share(std, **options):
    """How much of a Gaussian channel's standard deviation 20 steps keep, shift 3."""
    network = network_of([1.0, std], shift=3.0)
    torch.nn.init.zeros_(network.unet.conv_out.weight)
    torch.nn.init.zeros_(network.unet.conv_out.bias)
    noise, hint = noise_for(range(16), (2, 8, 8)), torch.zeros(16, 3, 16, 16)
    z = sample_latents(network, hint, noise, Condition(), SamplingOptions(steps=20, **options))
    return float((z[:, 1].std() / noise[:, 1].std()) / std)


@pytest.mark.parametrize("solver", ["dpm++", "unipc"])
def test_quadratic_spacing_keeps_fine_detail(solver):
    """The figures in the option's help."""
    assert kept_share(0.1, solver=solver) == pytest.approx(0.35, abs=0.02)
    assert kept_share(0.1, solver=solver, spacing="quadratic") == pytest.approx(0.96, abs=0.02)


@pytest.mark.parametrize("steps", [1, 2, 20, 50, 999, 1000])
def test_quadratic_timesteps(steps):
    timesteps = quadratic_timesteps(steps, 1000)
    assert timesteps[0] == 999
    assert timesteps[-1] >= 0
    assert (timesteps.diff() < 0).all()
    assert len(timesteps) == steps


@pytest.mark.parametrize("solver", ["unipc", "dpm++", "ddim"])
def test_there_are_as_many_steps_as_asked_for(solver):
    """Evenly spaced, 61 and others came with one more, at t = -1, which is the noisiest level."""
    schedule = NoiseSchedule(ScheduleOptions())
    for steps in (1, 20, 60, 61, 62, 103, 201, 1000):
        found = build_solver(SamplingOptions(solver=solver, steps=steps), schedule)
        assert len(found.timesteps) == steps
        assert len(found.sigmas) == steps + 1
        assert 0 <= min(found.timesteps) <= max(found.timesteps) <= 999
        assert found.sigmas[-1] == 0


def test_leading_steps_begin_at_one():
    with pytest.raises(ValidationError, match="knows up to 500 steps"):
        SamplingOptions(spacing="leading", steps=501)
    for solver, steps in (("unipc", 499), ("dpm++", 499), ("ddim", 500)):
        options = SamplingOptions(solver=solver, spacing="leading", steps=steps)
        assert max(build_solver(options, NoiseSchedule(ScheduleOptions())).timesteps) <= 999


@pytest.mark.parametrize("solver", ["unipc", "dpm++", "ddim"])
def test_leading_steps_that_begin_in_the_midst_are_refused(solver):
    """Diffusers rounds the distance of the steps down, and the first is that much too early."""
    schedule = NoiseSchedule(ScheduleOptions())
    taken = 0
    for steps in (1, 5, 9, 10, 20, 50, 100, 150, 299, 334, 400, 499):
        free = SamplingOptions.model_construct(solver=solver, spacing="leading", steps=steps)
        first = int(build_solver(free, schedule).timesteps[0])
        if first >= 900:
            taken += 1
            assert SamplingOptions(solver=solver, spacing="leading", steps=steps).steps == steps
            continue
        with pytest.raises(
            ValidationError, match=f"begins at t = {first} of 1000.*take "
        ) as caught:
            SamplingOptions(solver=solver, spacing="leading", steps=steps)
        near = int(re.search(r"take (\d+) steps", str(caught.value))[1])
        assert SamplingOptions(solver=solver, spacing="leading", steps=near).steps == near
    assert 3 < taken < 12


@pytest.mark.parametrize("prediction", ["v", "epsilon"])
@pytest.mark.parametrize(
    ("steps", "spacing"),
    [(1, "trailing"), (7, "trailing"), (20, "trailing"), (30, "trailing"), (12, "quadratic")],
)
def test_ddim_is_that_of_its_paper_for_every_number_of_steps(steps, spacing, prediction):
    """Song et al. 2021, equation 12 with eta 0, from one noise level to the next and to none."""
    network = network_of([1.0, 0.8, 0.5, 0.3], prediction=prediction, shift=1.0)
    hint, noise = torch.rand(2, 3, 16, 16), noise_for(range(2), (4, 8, 8))
    options = SamplingOptions(solver="ddim", steps=steps, spacing=spacing)
    z = sample_latents(network, hint, noise, Condition(), options)
    schedule, features = network.schedule, network.controlnet.hint_features(hint)
    levels = np.round(np.arange(1000, 0, -1000 / steps)).astype(int) - 1
    if spacing == "quadratic":
        levels = quadratic_timesteps(steps, 1000).numpy()
    expected = noise
    for k, level in enumerate(levels[:steps]):
        t = torch.tensor([level, level])
        predicted = network(expected, t, Condition(), features)
        x0 = schedule.predict_x0(expected, predicted, t)
        alpha, sigma = schedule.alpha_sigma(t)
        eps = (expected - alpha * x0) / sigma
        after = (torch.ones(()), torch.zeros(()))
        if k + 1 < steps:
            after = schedule.alpha_sigma(torch.tensor([levels[k + 1]] * 2))
        expected = after[0] * x0 + after[1] * eps
    torch.testing.assert_close(z, expected, rtol=0.01, atol=0.01 * float(expected.std()))


@pytest.mark.parametrize("prediction", ["v", "epsilon"])
def test_guidance_of_one_is_none(prediction):
    network = network_of([1.0, 0.8, 0.5, 0.3], prediction=prediction)
    z, t = torch.randn(2, 4, 8, 8), torch.tensor([100, 700])
    features = network.controlnet.hint_features(torch.rand(2, 3, 16, 16))
    hinted = network(z, t, Condition(), features)
    free = network(z, t, Condition())
    assert (hinted - free).abs().max() > 0.01
    assert torch.equal(guided(network, z, t, Condition(), features, 1.0), hinted)
    torch.testing.assert_close(
        guided(network, z, t, Condition(), features, 3.0), free + 3 * (hinted - free)
    )


def test_guidance_goes_further_from_what_is_made_without_a_hint(grey):
    hints = hints_of(2)
    plain = synthesize(*grey, hints, [1, 2], SamplingOptions(steps=3))
    same = synthesize(*grey, hints, [1, 2], SamplingOptions(steps=3, guidance_scale=1.0))
    more = synthesize(*grey, hints, [1, 2], SamplingOptions(steps=3, guidance_scale=4.0))
    assert np.array_equal(plain, same)
    assert (plain != more).any()


def test_each_item_has_noise_of_its_own():
    noise = noise_for([5, 6, 5], (4, 8, 8))
    assert torch.equal(noise[0], noise[2])
    assert not torch.equal(noise[0], noise[1])
    assert torch.equal(noise_for([6], (4, 8, 8))[0], noise[1])
    many = noise_for(range(200), (1, 8, 8))
    assert many.mean().abs() < 0.03
    assert many.std() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("prediction", ["v", "epsilon"])
def test_solvers_know_the_schedule_that_was_trained(solver, prediction):
    schedule = network_of([1.0], prediction=prediction, shift=2.0).schedule
    built = build_solver(SamplingOptions(solver=solver, steps=10), schedule)
    torch.testing.assert_close(
        built.alphas_cumprod, schedule.cumulative.float(), rtol=1e-3, atol=1e-7
    )
    assert built.config.prediction_type == {"v": "v_prediction"}.get(prediction, prediction)
    assert len(built.timesteps) == 10
    assert built.timesteps[0] == 999
    assert built.init_noise_sigma == 1
    assert not getattr(built.config, "clip_sample", False)
    assert not getattr(built.config, "thresholding", False)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_few_steps_are_enough_to_run(grey, solver, steps):
    options = SamplingOptions(solver=solver, steps=steps)
    assert synthesize(*grey, hints_of(1), [0], options).shape == (1, 16, 16, 1)


def test_colours_labels_and_sizes_that_are_not_square():
    network = network_of([0.5] * 12, labels=3)
    options, hints = SamplingOptions(steps=2), hints_of(2, hw=(16, 32))
    images = synthesize(network, codec_of(3), hints, [1, 2], options, Conditions(np.array([0, 2])))
    assert images.shape == (2, 16, 32, 3)
    other = synthesize(network, codec_of(3), hints, [1, 2], options, Conditions(np.array([0, 1])))
    assert np.array_equal(images[0], other[0])
    assert (images[1] != other[1]).any()


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_makes_nearly_the_same_images(grey, precision):
    hints, seeds = hints_of(4), range(4)
    full = synthesize(*grey, hints, seeds, SamplingOptions(steps=4, guidance_scale=1.5))
    options = SamplingOptions(steps=4, guidance_scale=1.5, precision=precision)
    half = synthesize(*grey, hints, seeds, options)
    apart = np.abs(half.astype(int) - full)
    assert apart.any()
    assert apart.mean() < 0.05 * full.std()
    assert np.array_equal(synthesize(*grey, hints, seeds, options), half)
