"""The Siamese step of Siamese-Diffusion (Qiu et al., CVPR 2025, arXiv:2505.06068).

A mask branch and an image branch share one ControlNet. The image branch, which sees the
image itself, is steered in gradually; the mask branch learns to agree with it (Noise
Consistency) and, late in training, is shown the image branch's own reconstructions
(Online-Augmentation). Gradients are those of the published step; what it computes twice
is computed once: the frozen encoder half is shared by the branches, the ControlNet runs
once on both hints, the image branch's decoder weights are constants instead of a copy, and
Online-Augmentation runs only on the samples that count.

A sample whose hint is dropped has no residuals and the same prediction in both branches, so
ControlNet and image branch leave it out. The image loss has gradient with respect to the
image's residuals alone; it is computed at once, so the image branch's activations are gone
before the mask branch's decoder runs.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from medsynth.model.at_once import at_once
from medsynth.model.halves import Encoded, Residuals, Selection, spread
from medsynth.model.network import Condition, HintedDiffusion, NoisyInput
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

    def rows(self, which: slice) -> StepInput:
        """Return some samples of the batch."""
        return StepInput(
            self.z0[which],
            self.mask[which],
            self.image[which],
            self.eps[which],
            self.t[which],
            self.eps_again[which],
            self.keep[which],
            self.condition.rows(which),
        )


class StepLosses(NamedTuple):
    """The losses of a step; `total` is what is minimised, the rest are its parts (scalars)."""

    total: Tensor
    mask: Tensor
    image: Tensor
    consistency: Tensor
    augmentation: Tensor


def image_weight(progress: float, options: SiameseOptions) -> float:
    """Return the share of the image hint in the mixed residuals: a linear ramp, s/T as published.

    >>> image_weight(0.25, SiameseOptions()), image_weight(0.75, SiameseOptions(ramp_to=0.5))
    (0.25, 1.0)
    """
    span = max(options.ramp_to - options.ramp_from, 1e-9)
    return options.image_weight * min(max((progress - options.ramp_from) / span, 0.0), 1.0)


def augmentation_rows(t: Tensor, progress: float, options: SiameseOptions) -> Tensor:
    """Return the indices of the samples that Online-Augmentation counts, () if none."""
    if not progress > options.augmentation_from:
        return t.new_empty(0)
    return (t <= options.augmentation_max_t).nonzero().flatten()


class Rows(NamedTuple):
    """Which samples of a batch the passes of a step run on.

    hinted: those whose hint is kept; never none, so that every weight gets its gradient.
    augmented: (K,) indices of those that Online-Augmentation counts.
    """

    hinted: Selection
    augmented: Tensor

    def to(self, device: torch.device) -> Rows:
        """Return the same samples, their indices on a device."""
        hinted = self.hinted if isinstance(self.hinted, slice) else self.hinted.to(device)
        return Rows(hinted, self.augmented.to(device))


def rows_of(batch: StepInput, progress: float, options: SiameseOptions) -> Rows:
    """Return the samples that the passes of a step run on."""
    hinted: Selection = slice(None)
    if not batch.keep.all():
        hinted = batch.keep.nonzero().flatten() if batch.keep.any() else slice(0, 1)
    return Rows(hinted, augmentation_rows(batch.t, progress, options))


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


class Problem(NamedTuple):
    """What a pass of the U-Net is given, what it shall answer, and how errors count.

    noisy: the noisy latents.
    encoded: what the frozen encoder half makes of them.
    condition: prompts and class labels.
    target: (B, C, h, w), what a perfect network would answer.
    weight: (B, C, 1, 1) factors of the squared errors, or None.
    """

    noisy: NoisyInput
    encoded: Encoded
    condition: Condition
    target: Tensor
    weight: Tensor | None

    def rows(self, which: Selection) -> Problem:
        """Return the problem of some samples of the batch."""
        noisy, encoded, condition, target, weight = self
        return Problem(
            noisy.rows(which),
            encoded.rows(which),
            condition.rows(which),
            target[which],
            None if weight is None else weight[which],
        )


@torch.no_grad()
def problem(
    network: HintedDiffusion, x0: Tensor, eps: Tensor, t: Tensor, condition: Condition
) -> Problem:
    """Return the problem of denoising `x0` with noise `eps` at `t`; no gradient reaches it."""
    noisy = network.noisy(network.schedule.add_noise(x0, eps, t), t)
    encoded = network.encode(noisy, condition)
    target = network.schedule.target(x0, eps, t)
    return Problem(noisy, encoded, condition, target, network.loss_weight(noisy))


class HintedStep(nn.Module):
    """What the steps of the second phase share.

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


class SiameseStep(HintedStep):
    """One Siamese training step; its forward returns the losses.

    Args:
        network: U-Net and ControlNet.
        options: weights and thresholds.
    """

    def rows(self, batch: StepInput, progress: float) -> Rows:
        """Return what `forward` runs on; of a batch on the CPU, so that no GPU is waited for."""
        return rows_of(batch, progress, self.options)

    def forward(self, batch: StepInput, progress: float, rows: Rows | None = None) -> StepLosses:
        """Return the losses.

        Args:
            batch: data and noise.
            progress: s / T, finished steps over planned steps, in [0, 1).
            rows: from `rows`, on the batch's device; None finds them, which waits for a GPU.
        """
        options, n = self.options, len(batch.t)
        rows = rows or rows_of(batch, progress, options)
        whole = problem(self.network, batch.z0, batch.eps, batch.t, batch.condition)
        hinted, keep = whole.rows(rows.hinted), batch.keep[rows.hinted]

        features, from_mask, from_image = self._both_hints(batch, hinted, rows.hinted)
        image_sum, steered_hinted = self._image_branch(
            hinted, keep, from_mask.detach(), from_image, image_weight(progress, options)
        )
        predicted = self._decode(whole, from_mask.spread(rows.hinted, n))
        steered = predicted.detach().clone()  # without a hint the branches do not differ
        steered[rows.hinted] = steered_hinted

        errors = squared_error(predicted, whole.target, whole.weight)
        image_sum = image_sum + ((1 - batch.keep) * errors.detach()).sum()
        consistency = squared_error(predicted, steered, whole.weight).mean()
        parts = (
            errors.mean(),
            options.image_loss_weight * image_sum / n,
            options.consistency_weight * consistency,
            self._augmentation(batch, whole.noisy, steered, features, rows),
        )
        return StepLosses(sum(parts, batch.z0.new_zeros(())), *(part.detach() for part in parts))

    def _decode(self, given: Problem, residuals: Residuals, constant: bool = False) -> Tensor:
        return self.network.decode(
            given.noisy, given.encoded, residuals, given.condition, constant=constant
        )

    def _both_hints(
        self, batch: StepInput, given: Problem, rows: Selection
    ) -> tuple[Tensor, Residuals, Residuals]:
        """Return the mask's features, and the residuals of mask and image, of some rows."""
        net, keep, noisy = self.network, batch.keep[rows], given.noisy
        assert net.controlnet is not None
        features = net.controlnet.hint_features(torch.cat([batch.mask[rows], batch.image[rows]]))
        twice = noisy._replace(scaled=noisy.scaled.repeat(2, 1, 1, 1), t=noisy.t.repeat(2))
        both = net.control(twice, given.condition.doubled(), features).masked(keep.repeat(2))
        k = len(keep)
        return features[:k], both.rows(slice(0, k)), both.rows(slice(k, None))

    def _image_branch(
        self,
        given: Problem,
        keep: Tensor,
        from_mask: Residuals,
        from_image: Residuals,
        share: float,
    ) -> tuple[Tensor, Tensor]:
        """Return the sum of the image branch's errors, and its prediction without gradient."""

        def steer(*image: Tensor) -> tuple[Tensor, Tensor]:
            mixed = from_mask.map_with(Residuals(image[:-1], image[-1]), share)
            steered = self._decode(given, mixed, constant=True)
            return (squared_error(steered, given.target, given.weight) * keep).sum(), steered

        scale = given.target[0].numel()  # of each error's mean
        return at_once(steer, *from_image.skips, from_image.middle, scale=scale)

    def _augmentation(
        self, batch: StepInput, noisy: NoisyInput, steered: Tensor, features: Tensor, rows: Rows
    ) -> Tensor:
        """Return the Online-Augmentation loss: its samples' sum over the whole batch's size."""
        which, net, n = rows.augmented, self.network, len(batch.t)
        if len(which) == 0:
            return batch.z0.new_zeros(())
        t = batch.t[which]
        reconstructed = net.schedule.predict_x0(noisy.z[which], steered[which], t)
        given = problem(net, reconstructed, batch.eps_again[which], t, batch.condition.rows(which))
        features = spread(features, rows.hinted, n)[which]
        residuals = net.control(given.noisy, given.condition, features)
        predicted = self._decode(given, residuals.masked(batch.keep[which]))
        return squared_error(predicted, given.target, given.weight).sum() / n


class ControlNetStep(HintedStep):
    """The mask branch alone: plain ControlNet training, the baseline to compare with."""

    def forward(self, batch: StepInput, progress: float) -> StepLosses:  # noqa: ARG002 - shared
        """Return the losses; `progress` does not matter here."""
        net = self.network
        given = problem(net, batch.z0, batch.eps, batch.t, batch.condition)
        assert net.controlnet is not None
        features = net.controlnet.hint_features(batch.mask)
        residuals = net.control(given.noisy, given.condition, features).masked(batch.keep)
        predicted = net.decode(given.noisy, given.encoded, residuals, given.condition)
        loss = squared_error(predicted, given.target, given.weight).mean()
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
    """Return the loss of the U-Net alone, a scalar: the mean over the batch."""
    schedule = network.schedule
    noisy = network.noisy(schedule.add_noise(batch.z0, batch.eps, batch.t), batch.t)
    predicted = network.decode(noisy, network.encode(noisy, batch.condition), None, batch.condition)
    target = schedule.target(batch.z0, batch.eps, batch.t)
    return squared_error(predicted, target, network.loss_weight(noisy)).mean()
