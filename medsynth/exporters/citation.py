"""How to cite what an export was made with."""

from __future__ import annotations

from importlib.metadata import version

METHOD = (
    "Qiu et al. Noise-Consistent Siamese-Diffusion for Medical "
    "Image Synthesis and Segmentation. CVPR 2025. arXiv:2505.06068"
)
"""The method of the synthetic images."""

LICENSE_NOTE = (
    "medsynth grants no licence for these images. The terms of the real images hold for them "
    "and may hold for what was synthesized from them."
)
"""Stands where a format has room for a licence; none is invented."""


def generator() -> str:
    """Return the program and its version, for example "medsynth 0.1.0"."""
    return f"medsynth {version('medsynth')}"


def citations() -> list[str]:
    """Return the references to cite: the method, then this toolkit."""
    return [METHOD, f"The medsynth authors. {generator()}."]
