"""The noise schedule's tables as an LDM state dict holds them.

LDM's networks keep them as buffers and its own loader insists on them, so a checkpoint without
them opens there only with `strict=False`. Formulas: Ho et al., NeurIPS 2020, equations 4 to 7.
"""

from __future__ import annotations

import torch
from torch import Tensor

LEAST_VARIANCE = 1e-20
"""The posterior variance of the first step is 0; LDM clips it there before its logarithm."""


def schedule_buffers(cumulative: Tensor) -> dict[str, Tensor]:
    """Return LDM's schedule buffers by name, (T,) float32 each.

    Args:
        cumulative: (T,) float64 cumulative alpha^2, as of `scaled_linear_alphas`.
    """
    previous = torch.cat([cumulative.new_ones(1), cumulative[:-1]])
    alphas = cumulative / previous
    betas, noise = 1 - alphas, 1 - cumulative
    variance = betas * (1 - previous) / noise
    tables = {
        "betas": betas,
        "alphas_cumprod": cumulative,
        "alphas_cumprod_prev": previous,
        "sqrt_alphas_cumprod": cumulative.sqrt(),
        "sqrt_one_minus_alphas_cumprod": noise.sqrt(),
        "log_one_minus_alphas_cumprod": noise.log(),
        "sqrt_recip_alphas_cumprod": cumulative.rsqrt(),
        "sqrt_recipm1_alphas_cumprod": (noise / cumulative).sqrt(),
        "posterior_variance": variance,
        "posterior_log_variance_clipped": variance.clamp(min=LEAST_VARIANCE).log(),
        "posterior_mean_coef1": betas * previous.sqrt() / noise,
        "posterior_mean_coef2": (1 - previous) * alphas.sqrt() / noise,
        "logvar": torch.zeros_like(cumulative),
    }
    return {name: table.float() for name, table in tables.items()}
