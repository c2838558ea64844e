"""Options of the Siamese step. No torch here: recipes are read without it."""

from __future__ import annotations

from pydantic import Field

from medsynth.core.options import Options


class SiameseOptions(Options):
    """Weights and thresholds of the Siamese step; the defaults are the published ones."""

    consistency_weight: float = Field(default=1.0, ge=0)
    """Weight of the Noise Consistency loss (CVC-ClinicDB, `tests/benchmarks/study`, two folds: a
    segmenter gains 3.7 Dice points at 0, 5.5 at 1)."""
    image_loss_weight: float = Field(default=1.0, ge=0)
    """Weight of the image branch's own denoising loss."""
    image_weight: float = Field(default=1.0, ge=0)
    """Weight of the image hint in the mixed residuals at the end of its ramp."""
    ramp_from: float = Field(default=0.0, ge=0, le=1)
    """Progress s/T at which the image hint's weight begins to rise from 0; above 0 is a warm-up of
    the mask branch alone."""
    ramp_to: float = Field(default=1.0, gt=0, le=1)
    """Progress s/T at which it has risen; below 1 it stays there for the rest."""
    teacher_weight: float = Field(default=0.25, ge=0)
    """Objective adc: weight of the teacher's residuals in the mixed ones."""
    augmentation_from: float = Field(default=1 / 3, ge=0, le=1)
    """Progress s/T after which Online-Augmentation begins; 1 leaves it out (CVC-ClinicDB,
    `tests/benchmarks/study`, two folds: a segmenter gains 3.3 Dice points without, 5.5 with it)."""
    augmentation_max_t: int = Field(default=200, ge=0, lt=1000)
    """Online-Augmentation counts samples with timesteps up to this one (of 1000)."""
    hint_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Probability of dropping the hint of a sample in training; above 0 allows guidance over
    the hint. Differs: the published model has guidance over the prompt instead."""
    prompt_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Probability of emptying the prompt of a sample in training (0.05 as published)."""
