"""Options of the fit: phases, optimizer, batches, checkpoints."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from medsynth.core.options import Options

Augmentation = Literal["none", "hflip", "flips", "dihedral"]
Objective = Literal["siamese", "controlnet"]


class PhaseOptions(Options):
    """One phase of the fit."""

    steps: int = Field(default=1000, ge=0)
    """Optimizer steps. In the Siamese phase this is T, which fixes the ramp and the onset of
    Online-Augmentation and cannot change once the fit has begun."""
    learning_rate: float = Field(default=5e-4, gt=0)
    """AdamW's learning rate at its highest."""
    warmup_steps: int = Field(default=50, ge=0)
    """Steps over which the learning rate rises linearly from zero."""
    decay: Literal["constant", "cosine"] = "cosine"
    """How the learning rate goes on after the warm-up: `cosine` falls to a twentieth."""


class TrainingOptions(Options):
    """What both phases share."""

    objective: Objective = "siamese"
    """What the second phase minimises: `siamese` (Siamese-Diffusion) or `controlnet` (the mask
    branch alone, the baseline)."""
    batch: int = Field(default=16, ge=1)
    """Pairs a step."""
    augmentation: Augmentation = "dihedral"
    """Flips and turns of the training pairs: `none`, `hflip`, `flips` (both axes) or `dihedral`
    (eight; needs a square geometry)."""
    weight_decay: float = Field(default=0.01, ge=0)
    """AdamW's weight decay."""
    beta2: float = Field(default=0.99, gt=0, lt=1)
    """AdamW's second moment decay (torch's default is 0.999)."""
    clip_norm: float = Field(default=1.0, ge=0)
    """Largest norm of the gradient; 0 does not clip."""
    ema: float = Field(default=0.998, ge=0, lt=1)
    """Decay of the weights' moving average, which is what samples and checkpoints use; reached
    gradually as min(ema, (1 + s) / (10 + s)). 0 switches it off."""
    timesteps: Literal["uniform", "stratified"] = "stratified"
    """How timesteps are drawn: `uniform`, or `stratified` (uniform too, but spread evenly over
    each batch, which lowers the noise of the loss)."""
    checkpoint_every: int = Field(default=200, ge=1)
    """Steps between checkpoints."""
    keep_checkpoints: int = Field(default=2, ge=1)
    """How many of the newest checkpoints are kept, besides the best by validation loss."""
    grid_every: int = Field(default=500, ge=0)
    """Steps between sample grids in the run folder; 0 makes none."""
    log_every: int = Field(default=20, ge=1)
    """Steps between lines of the log."""
    threads: int = Field(default=0, ge=0)
    """CPU threads; 0 takes what torch finds, and records it, for the same bytes need the same."""
