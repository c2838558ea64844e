"""Adaptively Distilled ControlNet (Qiu et al., MICCAI 2025, arXiv:2507.23652).

A second ControlNet, the teacher, sees the image; its residuals are added to those of the mask's
ControlNet, and the mask branch learns to agree with what comes of it, most where the fewer
pixels are: inside a small lesion, or around a large one. The teacher is dropped after the fit.

Differs: the paper leaves open which gradients the teacher's branch sends. Here they are those of
the Siamese step: to the teacher alone, the mask's residuals and the decoder being constants.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from medsynth.model.controlnet import HintControlNet
from medsynth.model.network import HintedDiffusion
from medsynth.model.siamese import HintedStep, StepInput, StepLosses, problem, squared_error


def lesion_weight(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the weight of each latent pixel: M (1 - rho) + (1 - M) rho.

    Args:
        mask: (B, 3, H, W) mask hint, in [0, 1]; whatever is not black is lesion.
        size: (h, w) of the latents; M is averaged down to it.

    Returns:
        (B, 1, h, w); rho is the lesion's share of each image.
    """
    lesion = (mask.amax(1, keepdim=True) > 0).to(mask.dtype)
    rho = lesion.mean((2, 3), keepdim=True)
    m = F.adaptive_avg_pool2d(lesion, size)
    return m * (1 - rho) + (1 - m) * rho


class AdcStep(HintedStep):
    """One training step with a teacher; its forward returns the losses.

    Args:
        network: U-Net, ControlNet and teacher (see `prepare`).
        options: weights; `teacher_weight` is the teacher's share of the mixed residuals.
    """

    @staticmethod
    def prepare(network: HintedDiffusion) -> None:
        """Give the network a teacher: a ControlNet as new as the mask's own."""
        assert network.controlnet is not None
        config = network.controlnet.config
        teacher = HintControlNet.from_unet(
            network.unet, config.hint_width, config.hint_merges, config.zero_hint, config.hint
        )
        network.teacher = teacher.to(memory_format=torch.channels_last)

    def forward(self, batch: StepInput, progress: float) -> StepLosses:  # noqa: ARG002 - shared
        """Return the losses; `progress` does not matter here."""
        net, options = self.network, self.options
        assert net.controlnet is not None
        assert net.teacher is not None
        given = problem(net, batch.z0, batch.eps, batch.t, batch.condition)
        told = (given.noisy.scaled, given.noisy.t, batch.condition.context)
        labels = batch.condition.labels
        from_mask = net.controlnet.residuals(
            *told, net.controlnet.hint_features(batch.mask), labels
        ).masked(batch.keep)
        from_image = net.teacher.residuals(
            *told, net.teacher.hint_features(batch.image), labels
        ).masked(batch.keep)
        mixed = from_mask.detach().map_with(from_image, options.teacher_weight)
        predicted = net.decode(given.noisy, given.encoded, from_mask, given.condition)
        taught = net.decode(given.noisy, given.encoded, mixed, given.condition, constant=True)
        weight = lesion_weight(batch.mask, (batch.z0.shape[2], batch.z0.shape[3]))
        if given.weight is not None:
            weight = weight * given.weight
        parts = (
            squared_error(predicted, given.target, given.weight).mean(),
            options.image_loss_weight * squared_error(taught, given.target, given.weight).mean(),
            options.consistency_weight * squared_error(predicted, taught.detach(), weight).mean(),
            batch.z0.new_zeros(()),
        )
        return StepLosses(sum(parts, batch.z0.new_zeros(())), *(part.detach() for part in parts))
