"""LDM's schedule tables against numpy in double precision and against diffusers' betas."""

import numpy as np
import torch
from diffusers import DDIMScheduler

from medsynth.model.ldm.schedule_buffers import schedule_buffers
from medsynth.model.schedule import scaled_linear_alphas

TABLES = schedule_buffers(scaled_linear_alphas())


def test_they_are_stable_diffusions():
    scheduler = DDIMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
    torch.testing.assert_close(TABLES["betas"], scheduler.betas, rtol=1e-5, atol=0)
    torch.testing.assert_close(
        TABLES["alphas_cumprod"], scheduler.alphas_cumprod, rtol=1e-4, atol=0
    )
    assert all(table.shape == (1000,) for table in TABLES.values())
    assert all(table.dtype == torch.float32 for table in TABLES.values())
    assert all(table.isfinite().all() for table in TABLES.values())


def test_the_posterior_is_that_of_two_gaussians():
    """q(z_{t-1} | z_t, x0) by multiplying densities: precisions add, means are weighed."""
    beta = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    bar = np.cumprod(1 - beta)
    t = np.arange(1, 1000)
    precision = (1 - beta[t]) / beta[t] + 1 / (1 - bar[t - 1])
    expected = {
        "posterior_variance": 1 / precision,
        "posterior_log_variance_clipped": -np.log(precision),
        "posterior_mean_coef1": bar[t - 1] ** 0.5 / (1 - bar[t - 1]) / precision,
        "posterior_mean_coef2": (1 - beta[t]) ** 0.5 / beta[t] / precision,
        "log_one_minus_alphas_cumprod": np.log(1 - bar[t]),
        "sqrt_recipm1_alphas_cumprod": (1 / bar[t] - 1) ** 0.5,
        "sqrt_recip_alphas_cumprod": bar[t] ** -0.5,
        "alphas_cumprod_prev": bar[t - 1],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(TABLES[name][1:].numpy(), values, rtol=2e-6, err_msg=name)
    assert TABLES["posterior_variance"][0] == 0
    assert TABLES["posterior_mean_coef1"][0] == 1
