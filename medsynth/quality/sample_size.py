"""What so few images cannot tell, in words."""

from __future__ import annotations

FEW_GROUPS = 10
"""An interval over fewer groups says little: the tails of a bootstrap are then few values."""
FEW_FOR_FID = 2048
"""As many features as Inception has: of fewer images the covariance has no full rank."""
FEW_FOR_MMD = 50
FEW_FOR_NEIGHBOURS = 100


def small_sample_warnings(
    real: int,
    made: int,
    features: int = FEW_FOR_FID,
    groups: int | None = None,
    held_out: int | None = None,
) -> list[str]:
    """Return what to keep in mind about numbers from so few images, a sentence each.

    Args:
        real: real images.
        made: made images.
        features: numbers an image.
        groups: patients or sequences that the real images are of; None where not known.
        held_out: real images that the made ones stand beside; None where there are none.

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
    if held_out is not None and held_out != made:
        found.append(
            f"Recall and coverage follow from how many images there are: of {made} samples and "
            f"{held_out} real held-out images both are told as of {min(made, held_out)}."
        )
    if groups is not None and groups < FEW_GROUPS:
        found.append(
            f"The real images are of {groups} groups: intervals over so few are a rough guide."
        )
    return found
