"""The published training step, transcribed as literally and as wastefully as it is written.

Deep copies of U-Net and ControlNet, a ControlNet pass for every use of a hint, diffusers'
own forward for the U-Net, and Online-Augmentation on the whole batch with what does not
count set to zero. It shares with `medsynth.model` the modules' weights and nothing of the
step: an oracle for it.

`MUTATIONS` are mistakes that an implementation could make; the tests show that each is seen.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor

MUTATIONS = (
    "consistency reaches the image branch",
    "image loss reaches the mask residuals",
    "image loss reaches the decoder",
    "augmentation is the mean over the selected samples",
    "augmentation at every timestep",
    "augmentation from T/2",
    "augmentation from the mask branch's prediction",
    "augmentation reaches the reconstruction",
    "the ramp begins one step later",
)


class Literal:
    """One training step.

    Args:
        network: its modules; gradients end up in their parameters.
        options: weights and thresholds.
        mutation: one of `MUTATIONS`, or "".
    """

    def __init__(self, network, options, mutation=""):
        assert mutation in ("", *MUTATIONS)
        self.unet, self.controlnet = network.unet, network.controlnet
        self.prediction = network.schedule.options.prediction
        self.alphas, self.sigmas = network.schedule.alphas, network.schedule.sigmas
        self.std = None if network.preconditioning is None else network.preconditioning.std
        self.plain = self.std is None or network.schedule.options.weighting == "plain"
        self.options, self.mutation = options, mutation

    def alpha_sigma(self, t):
        return self.alphas[t][:, None, None, None], self.sigmas[t][:, None, None, None]

    def q(self, x0, noise, t):
        alpha, sigma = self.alpha_sigma(t)
        return alpha * x0 + sigma * noise

    def aim(self, x0, noise, t):
        alpha, sigma = self.alpha_sigma(t)
        return noise if self.prediction == "epsilon" else alpha * noise - sigma * x0

    def x0(self, z, predicted, t):
        alpha, sigma = self.alpha_sigma(t)
        if self.prediction == "epsilon":
            return (z - sigma * predicted) / alpha
        return alpha * z - sigma * predicted

    def network_input(self, z, t):
        if self.std is None:
            return z
        alpha, sigma = self.alpha_sigma(t)
        return z / (alpha**2 * self.std**2 + sigma**2).sqrt()

    def weighed(self, squared, t):
        """The squared errors, each channel's by its share at that noise level."""
        if self.plain:
            return squared
        alpha, sigma = self.alpha_sigma(t)
        return squared * 2 * alpha * sigma / self.std

    def phi(self, controlnet, z, batch, hint):
        """The residuals by diffusers' own ControlNet forward; a dropped hint leaves none."""
        context, labels = batch.condition
        found = controlnet(
            self.network_input(z, batch.t),
            batch.t,
            context,
            controlnet_cond=hint,
            class_labels=labels,
        )
        keep = batch.keep[:, None, None, None]
        skips = [keep * skip for skip in found.down_block_res_samples]
        return skips, keep * found.mid_block_res_sample

    def u(self, unet, z, batch, residuals):
        """The U-Net's prediction with residuals, by diffusers' own forward."""
        context, labels = batch.condition
        skips, middle = residuals
        raw = unet(
            self.network_input(z, batch.t),
            batch.t,
            context,
            class_labels=labels,
            down_block_additional_residuals=skips,
            mid_block_additional_residual=middle,
        ).sample
        if self.std is None:
            return raw
        alpha, sigma = self.alpha_sigma(batch.t)
        d = alpha**2 * self.std**2 + sigma**2
        return alpha * sigma * (1 - self.std**2) / d * z - self.std / d.sqrt() * raw

    def losses(self, batch, step: int, planned: int) -> dict[str, Tensor]:
        """Return the losses of step s of T."""
        weight = step / planned
        if self.mutation == "the ramp begins one step later":
            weight = max(0, step - 1) / planned
        z = self.q(batch.z0, batch.eps, batch.t)
        aim = self.aim(batch.z0, batch.eps, batch.t)

        eps_m = self.u(self.unet, z, batch, self.phi(self.controlnet, z, batch, batch.mask))

        with torch.no_grad():
            again = self.phi(deepcopy(self.controlnet), z, batch, batch.mask)
        if self.mutation == "image loss reaches the mask residuals":
            again = self.phi(self.controlnet, z, batch, batch.mask)
        from_image = self.phi(self.controlnet, z, batch, batch.image)
        mixed = (
            [a + weight * b for a, b in zip(again[0], from_image[0], strict=True)],
            again[1] + weight * from_image[1],
        )
        frozen = deepcopy(self.unet)
        if self.mutation == "image loss reaches the decoder":
            frozen = self.unet
        eps_i = self.u(frozen, z, batch, mixed)

        def error(a, b):
            return self.weighed((a - b).pow(2), batch.t).mean((1, 2, 3))

        agreed = eps_i.detach()
        if self.mutation == "consistency reaches the image branch":
            agreed = eps_i
        found = {
            "mask": error(eps_m, aim).mean(),
            "image": self.options.image_loss_weight * error(eps_i, aim).mean(),
            "consistency": self.options.consistency_weight * error(eps_m, agreed).mean(),
            "augmentation": self.augmentation(batch, z, eps_m, eps_i, step, planned),
        }
        return found | {"total": sum(found.values())}

    def augmentation(self, batch, z, eps_m, eps_i, step, planned):
        begins = planned / 2 if self.mutation == "augmentation from T/2" else planned / 3
        if not step > begins:
            return batch.z0.new_zeros(())
        seen = eps_m if self.mutation == "augmentation from the mask branch's prediction" else eps_i
        x0 = self.x0(z, seen, batch.t)
        if self.mutation != "augmentation reaches the reconstruction":
            x0 = x0.detach()
        z_again = self.q(x0, batch.eps_again, batch.t)
        residuals = self.phi(self.controlnet, z_again, batch, batch.mask)
        predicted = self.u(self.unet, z_again, batch, residuals)
        aim = self.aim(x0, batch.eps_again, batch.t)
        each = self.weighed((predicted - aim).pow(2), batch.t).mean((1, 2, 3))
        counts = (batch.t <= 200).to(each.dtype)
        if self.mutation == "augmentation at every timestep":
            counts = torch.ones_like(counts)
        each = each * counts
        if self.mutation == "augmentation is the mean over the selected samples":
            return each.sum() / max(int(counts.sum()), 1)
        return each.sum() / len(each)
