"""Options of the fit: phases, optimizer, batches, checkpoints."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from medsynth.core.errors import did_you_mean
from medsynth.core.options import Options
from medsynth.core.precision import Precision
from medsynth.core.registry import Registry
from medsynth.core.types import WhichWeights

Augmentation = Literal["none", "hflip", "flips", "dihedral"]


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
    patience: int = Field(default=0, ge=0)
    """The phase ends where so many steps have brought no better validation loss, as seen at
    checkpoints; 0 goes on to its last step. Needs validation pairs."""


class TrainingOptions(Options):
    """What both phases share."""

    objective: str = "siamese"
    """What the second phase minimises: `siamese` (Siamese-Diffusion), `controlnet` (the mask
    branch alone, the baseline) or `adc` (Adaptively Distilled ControlNet)."""

    @field_validator("objective")
    @classmethod
    def _objective_is_known(cls, value: str) -> str:
        if value not in (known := Registry[object]("medsynth.objectives", "objective").names()):
            raise ValueError(f"unknown objective '{value}': {did_you_mean(value, known)}")
        return value

    batch: int = Field(default=16, ge=1)
    """Pairs a step, over all processes."""
    accumulate: int = Field(default=1, ge=1)
    """Passes that a step's batch is cut into, for less memory and the same gradients."""
    precision: Precision = "fp32"
    """What networks compute in: `fp32` (as published), `bf16` or `fp16`. Weights and optimizer
    stay in float32. On CPUs without bf16 units fp32 is faster."""
    checkpointing: bool = False
    """Compute activations again in the backward pass instead of keeping them: less memory, more
    time, the same gradients."""
    optimizer: Literal["adamw", "adamw8bit"] = "adamw"
    """`adamw`, or `adamw8bit` (CUDA; needs medsynth[8bit])."""
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
    gradually as min(ema, (1 + s) / (10 + s)). 0 switches it off, for less memory."""
    timesteps: Literal["uniform", "stratified"] = "stratified"
    """How timesteps are drawn: `uniform`, or `stratified` (uniform too, but spread evenly over
    each batch, which lowers the noise of the loss)."""
    base_weights: WhichWeights = "last"
    """What the Siamese phase begins with: the base's last weights, or those with the best
    validation loss, where there are validation pairs."""
    checkpoint_every: int = Field(default=200, ge=1)
    """Steps between checkpoints; with patience, or base_weights=best, also what is chosen among."""
    keep_checkpoints: int = Field(default=2, ge=1)
    """How many of the newest checkpoints are kept, besides the best by validation loss."""
    grid_every: int = Field(default=500, ge=0)
    """Steps between sample grids in the run folder, besides the one at the fit's end; 0 makes that
    one alone."""
    log_every: int = Field(default=20, ge=1)
    """Steps between lines of the log."""
    threads: int = Field(default=0, ge=0)
    """CPU threads; 0 takes what torch finds, and records it, for the same bytes need the same."""
