"""What so few images cannot tell, in words."""

from __future__ import annotations

FEW_GROUPS = 10
"""An interval over fewer groups says little: the tails of a bootstrap are then few values."""
FEW_FOR_FID = 2048
"""As many features as Inception has: of fewer images the covariance has no full rank."""
FEW_FOR_MMD = 50
FEW_FOR_NEIGHBOURS = 100
LOPSIDED = 3
"""Sets of sizes this far apart have other densities of neighbours."""


def small_sample_warnings(
    real: int, made: int, features: int = FEW_FOR_FID, groups: int | None = None
) -> list[str]:
    """Return what to keep in mind about numbers from so few images, a sentence each.

    Args:
        real: real images.
        made: made images.
        features: numbers an image.
        groups: patients or sequences that the real images are of; None where not known.

    >>> small_sample_warnings(5000, 5000, 1280, 40)
    []
    """
    least = min(real, made)
    found: list[str] = []
    if least < features:
        found.append(
            f"FID is too high with {least} images and {features} features (the bias shrinks as "
            "the sets grow): compare it only with FID of as many images, and trust KID more."
        )
    if least < FEW_FOR_MMD:
        found.append(
            f"KID of {least} images is unbiased but unsteady: read its interval, not its value."
        )
    if least < FEW_FOR_NEIGHBOURS:
        found.append(
            f"Precision, recall, density and coverage count neighbours: of {least} images one "
            f"image more or less moves them by {1 / max(least, 1):.0%}."
        )
    if max(real, made) > LOPSIDED * max(least, 1):
        found.append(
            f"{real} real and {made} made images: recall and coverage favour the larger set. "
            "Compare as many made images as there are real ones."
        )
    if groups is not None and groups < FEW_GROUPS:
        found.append(
            f"The real images are of {groups} groups: intervals over so few are a rough guide."
        )
    return found
