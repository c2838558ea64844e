"""Operators by name, from the entry points of `medsynth.perturbations`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medsynth.core.options import parse_options
from medsynth.core.registry import Registry
from medsynth.masks.perturbation import Perturbation, PerturbationOptions

PERTURBATIONS: Registry[type[Perturbation]] = Registry("medsynth.perturbations", "perturbation")


def operator(name: str, values: Mapping[str, Any] | None = None) -> Perturbation:
    """Return the operator called `name`, with its options parsed from plain values.

    Raises:
        UsageError: no such operator, or options that it does not take.
    """
    return PERTURBATIONS.get(name)(operator_options(name, values or {}))


def operator_options(name: str, values: Mapping[str, Any]) -> PerturbationOptions:
    """Return the options of the operator called `name`, parsed from plain values.

    Raises:
        UsageError: no such operator, or options that it does not take.
    """
    return parse_options(PERTURBATIONS.get(name).options_type, values, name)
