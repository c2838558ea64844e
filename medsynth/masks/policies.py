"""Policies by name."""

from __future__ import annotations

from typing import Any

from medsynth.core.errors import did_you_mean

Plain = dict[str, Any]

SKIP: Plain = {"on_one_mask": "skip"}

DEFAULT: tuple[Plain, ...] = (
    {"op": "flip"},
    {
        "one_of": [{"op": "blend", **SKIP}, {"op": "shape-model", **SKIP}],
        "weights": [0.6, 0.4],
        "p": 0.6,
    },
    {"op": "copy-paste", "p": 0.25, **SKIP},
    {"op": "cut", "p": 0.1},
    {"one_of": [{"op": "grow"}, {"op": "contour-noise"}], "p": 0.6},
    {"op": "affine", "p": 0.9},
    {"op": "elastic", "p": 0.6},
    {"op": "smooth"},
)
"""For most data: new shapes first, then where and how they lie, then what resampling left."""

PAPER: tuple[Plain, ...] = (
    {"op": "flip", "options": {"transpose": False}},
    {
        "op": "affine",
        "options": {"max_rotation_deg": 0, "max_shear_deg": 0, "max_anisotropy": 0},
    },
)
"""Flip, scale and shift, as in Qiu et al. 2025 (arXiv:2505.06068).
Differs: the ranges are medsynth's own; the paper states none."""

POLICIES = {"default": DEFAULT, "paper": PAPER}


def policy_called(name: str) -> tuple[Plain, ...]:
    """Return the nodes of a named policy, as plain values.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in POLICIES:
        raise ValueError(f"unknown policy '{name}': {did_you_mean(name, POLICIES)}")
    return POLICIES[name]
