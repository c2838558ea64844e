"""The Siamese step of Siamese-Diffusion (Qiu et al., CVPR 2025, arXiv:2505.06068).

A mask branch and an image branch share one ControlNet. The image branch, which sees the
image itself, is steered in gradually; the mask branch learns to agree with it (Noise
Consistency) and, late in training, is shown the image branch's own reconstructions
(Online-Augmentation). Gradients are those of the published step; what it computes twice
is computed once: the frozen encoder half is shared by the branches, the ControlNet runs
once on both hints, the image branch's decoder weights are constants instead of a copy, and
Online-Augmentation runs only on the samples that count.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from medsynth.model.halves import Residuals
from medsynth.model.network import Condition, HintedDiffusion
from medsynth.model.siamese_options import SiameseOptions


class StepInput(NamedTuple):
    """One training batch with all of its randomness.

    z0: (B, C, h, w) clean latents.
    mask: (B, 3, H, W) mask hint in [0, 1].
    image: (B, 3, H, W) image hint in [0, 1].
    eps: (B, C, h, w) noise.
    t: (B,) int64 timesteps.
    eps_again: (B, C, h, w) fresh noise for Online-Augmentation.
    keep: (B,) 1 where the hint is kept, 0 where it is dropped.
    condition: prompts and class labels.
    """

    z0: Tensor
    mask: Tensor
    image: Tensor
    eps: Tensor
    t: Tensor
    eps_again: Tensor
    keep: Tensor
    condition: Condition = Condition()

    def to(self, device: torch.device) -> StepInput:
        """Return the batch on a device."""
        return StepInput(
            self.z0.to(device),
            self.mask.to(device),
            self.image.to(device),
            self.eps.to(device),
            self.t.to(device),
            self.eps_again.to(device),
            self.keep.to(device),
            self.condition.to(device),
        )


class StepLosses(NamedTuple):
    """The losses of a step; `total` is what is minimised, the rest are its parts (scalars)."""

    total: Tensor
    mask: Tensor
    image: Tensor
    consistency: Tensor
    augmentation: Tensor


def image_weight(progress: float) -> float:
    """Return the share of the image hint in the mixed residuals: a linear ramp from 0 to 1."""
    return progress


def augmentation_rows(t: Tensor, progress: float, options: SiameseOptions) -> Tensor:
    """Return the indices of the samples that Online-Augmentation counts, () if none."""
    if not progress > options.augmentation_from:
        return t.new_empty(0)
    return (t <= options.augmentation_max_t).nonzero().flatten()


def squared_error(a: Tensor, b: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the mean over C, H and W of the squared difference, (B,).

    Args:
        a, b: (B, C, H, W).
        weight: (B, C, 1, 1) factors, None for plain means as published.
    """
    squared = (a - b).square()
    if weight is not None:
        squared = squared * weight
    return squared.flatten(1).mean(1)


class SiameseStep(nn.Module):
    """One Siamese training step; its forward returns the losses.

    Args:
        network: U-Net and ControlNet.
        options: weights and thresholds.
    """

    @staticmethod
    def prepare(network: HintedDiffusion) -> None:
        """Nothing is trained besides U-Net and ControlNet."""

    def __init__(self, network: HintedDiffusion, options: SiameseOptions) -> None:
        super().__init__()
        self.network = network
        self.options = options

    def forward(self, batch: StepInput, progress: float) -> StepLosses:
        """Return the losses.

        Args:
            batch: data and noise.
            progress: s / T, finished steps over planned steps, in [0, 1).
        """
        net, condition, n = self.network, batch.condition, len(batch.t)
        schedule = net.schedule
        noisy = net.noisy(schedule.add_noise(batch.z0, batch.eps, batch.t), batch.t)
        target = schedule.target(batch.z0, batch.eps, batch.t)
        with torch.no_grad():
            encoded = net.encode(noisy, condition)

        assert net.controlnet is not None
        features = net.controlnet.hint_features(torch.cat([batch.mask, batch.image]))
        twice = noisy._replace(scaled=noisy.scaled.repeat(2, 1, 1, 1), t=noisy.t.repeat(2))
        both = net.control(twice, condition.doubled(), features)
        both = both.masked(batch.keep.repeat(2))
        from_mask, from_image = both.rows(slice(0, n)), both.rows(slice(n, None))

        predicted = net.decode(noisy, encoded, from_mask, condition)
        mixed = from_mask.detach().map_with(from_image, image_weight(progress))
        steered = net.decode(noisy, encoded, mixed, condition, constant=True)

        weight = net.loss_weight(noisy)
        mask_loss = squared_error(predicted, target, weight).mean()
        image_loss = squared_error(steered, target, weight).mean()
        image_loss = self.options.image_loss_weight * image_loss
        consistency = squared_error(predicted, steered.detach(), weight).mean()
        consistency = self.options.consistency_weight * consistency
        augmentation = self._augmentation(batch, progress, steered.detach(), features[:n])
        return StepLosses(
            mask_loss + image_loss + consistency + augmentation,
            mask_loss.detach(),
            image_loss.detach(),
            consistency.detach(),
            augmentation.detach(),
        )

    def _augmentation(
        self, batch: StepInput, progress: float, steered: Tensor, features: Tensor
    ) -> Tensor:
        """Return the Online-Augmentation loss: its samples' sum over the whole batch's size."""
        rows = augmentation_rows(batch.t, progress, self.options)
        if len(rows) == 0:
            return batch.z0.new_zeros(())
        net, schedule, t = self.network, self.network.schedule, batch.t[rows]
        condition = batch.condition.rows(rows)
        with torch.no_grad():
            z = schedule.add_noise(batch.z0, batch.eps, batch.t)[rows]
            reconstructed = schedule.predict_x0(z, steered[rows], t)
            noise = batch.eps_again[rows]
            noisy = net.noisy(schedule.add_noise(reconstructed, noise, t), t)
            encoded = net.encode(noisy, condition)
        residuals: Residuals = net.control(noisy, condition, features[rows])
        predicted = net.decode(noisy, encoded, residuals.masked(batch.keep[rows]), condition)
        target = schedule.target(reconstructed, noise, t)
        return squared_error(predicted, target, net.loss_weight(noisy)).sum() / len(batch.t)


class ControlNetStep(nn.Module):
    """The mask branch alone: plain ControlNet training, the baseline to compare with."""

    @staticmethod
    def prepare(network: HintedDiffusion) -> None:
        """Nothing is trained besides U-Net and ControlNet."""

    def __init__(self, network: HintedDiffusion, options: SiameseOptions) -> None:
        super().__init__()
        self.network = network
        self.options = options

    def forward(self, batch: StepInput, progress: float) -> StepLosses:  # noqa: ARG002 - shared
        """Return the losses; `progress` does not matter here."""
        net, condition = self.network, batch.condition
        noisy = net.noisy(net.schedule.add_noise(batch.z0, batch.eps, batch.t), batch.t)
        with torch.no_grad():
            encoded = net.encode(noisy, condition)
        assert net.controlnet is not None
        residuals = net.control(noisy, condition, net.controlnet.hint_features(batch.mask))
        predicted = net.decode(noisy, encoded, residuals.masked(batch.keep), condition)
        target = net.schedule.target(batch.z0, batch.eps, batch.t)
        loss = squared_error(predicted, target, net.loss_weight(noisy)).mean()
        nothing = loss.new_zeros(())
        return StepLosses(loss, loss.detach(), nothing, nothing, nothing)


class BaseStep(nn.Module):
    """The U-Net alone, which sees no hint: the base phase."""

    def __init__(self, network: HintedDiffusion) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: StepInput, progress: float) -> StepLosses:  # noqa: ARG002 - shared
        """Return the losses; `progress` does not matter here."""
        loss = base_loss(self.network, batch)
        nothing = loss.new_zeros(())
        return StepLosses(loss, loss.detach(), nothing, nothing, nothing)


def base_loss(network: HintedDiffusion, batch: StepInput) -> Tensor:
    """Return the loss of the U-Net alone."""
    schedule = network.schedule
    noisy = network.noisy(schedule.add_noise(batch.z0, batch.eps, batch.t), batch.t)
    predicted = network.decode(noisy, network.encode(noisy, batch.condition), None, batch.condition)
    target = schedule.target(batch.z0, batch.eps, batch.t)
    return squared_error(predicted, target, network.loss_weight(noisy)).mean()
