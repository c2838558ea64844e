"""The whole mask-conditioned network: U-Net, ControlNet, schedule and preconditioning."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn
from torch.func import functional_call

from medsynth.model.controlnet import HintControlNet
from medsynth.model.halves import DecoderHalf, Encoded, EncoderHalf, Residuals, Selection
from medsynth.model.preconditioning import Preconditioning
from medsynth.model.recompute import recomputed
from medsynth.model.schedule import NoiseSchedule


class Condition(NamedTuple):
    """What a denoising step is told besides the hint.

    context: (B, L, D) prompt embeddings, or None where the U-Net has no cross-attention.
    labels: (B,) class ids, or None where it has no class embedding.
    """

    context: Tensor | None = None
    labels: Tensor | None = None

    def to(self, device: torch.device) -> Condition:
        """Return the conditions on a device."""
        return Condition(*(None if part is None else part.to(device) for part in self))

    def rows(self, which: Selection) -> Condition:
        """Return the conditions of some samples of the batch."""
        return Condition(*(None if part is None else part[which] for part in self))

    def joined(self, other: Condition) -> Condition:
        """Return the condition of a batch followed by another batch."""
        pairs = zip(self, other, strict=True)
        return Condition(*(None if a is None or b is None else torch.cat([a, b]) for a, b in pairs))

    def doubled(self) -> Condition:
        """Return the condition of the batch followed by itself."""
        return Condition(
            *(None if part is None else part.repeat(2, *[1] * (part.ndim - 1)) for part in self)
        )


class NoisyInput(NamedTuple):
    """Noisy latents at a timestep, raw and as the network takes them.

    z: (B, C, h, w) noisy latents.
    t: (B,) int64 timesteps.
    scaled: (B, C, h, w), z as the network takes it.
    alpha, sigma: (B, 1, 1, 1) factors of data and noise in z.
    """

    z: Tensor
    t: Tensor
    scaled: Tensor
    alpha: Tensor
    sigma: Tensor

    def rows(self, which: Selection) -> NoisyInput:
        """Return some samples of the batch."""
        return NoisyInput(*(part[which] for part in self))


class HintedDiffusion(nn.Module):
    """A U-Net steered by a ControlNet with a dense hint.

    Args:
        unet: any diffusers U-Net with the usual encoder, middle and decoder.
        controlnet: its ControlNet, or None while only the base is trained.
        schedule: noise schedule and prediction type.
        preconditioning: per-channel scaling, or None for networks trained without.
    """

    def __init__(
        self,
        unet: UNet2DConditionModel,
        controlnet: HintControlNet | None,
        schedule: NoiseSchedule,
        preconditioning: Preconditioning | None,
    ) -> None:
        super().__init__()
        if preconditioning is not None and schedule.options.prediction != "v":
            raise ValueError("preconditioning is written for v-prediction")
        self.unet = unet
        self.controlnet = controlnet
        self.schedule = schedule
        self.preconditioning = preconditioning
        self.borrowed: frozenset[str] = frozenset()
        self.teacher: HintControlNet | None = None
        self.__dict__["encoder"] = EncoderHalf(unet)  # views: the U-Net owns the weights
        self.__dict__["decoder"] = DecoderHalf(unet)

    encoder: EncoderHalf
    decoder: DecoderHalf

    def borrow(self, names: Iterable[str]) -> None:
        """Freeze parameters that stay a base model's own: no checkpoint stores them.

        Args:
            names: as `named_parameters` gives them.
        """
        self.borrowed |= frozenset(names)
        for name, parameter in self.named_parameters():
            if name in self.borrowed:
                parameter.requires_grad_(False)

    def let_train(self, base: bool) -> None:
        """Let the parameters of a phase, and no others, require gradient.

        Args:
            base: the U-Net alone; otherwise its decoder half, the ControlNet and a teacher.
        """
        self.requires_grad_(False)
        parts = [self.unet] if base else [self.decoder, self.controlnet, self.teacher]
        for part in parts:
            if part is not None:
                part.requires_grad_(True)
        self.borrow(())

    def follows_hints(self) -> bool:
        """Return whether a Siamese phase has taught it hints: a new ControlNet changes nothing."""
        return self.controlnet is not None and not self.controlnet.is_new()

    def enable_checkpointing(self, on: bool) -> None:
        """Recompute activations in the backward pass: slower, in far less memory.

        Covers the networks that there are now.
        """
        for part in filter(None, (self.unet, self.controlnet, self.teacher)):
            if on:
                part.enable_gradient_checkpointing(recomputed)
            else:
                part.disable_gradient_checkpointing()

    @property
    def checkpointing(self) -> bool:
        """Whether activations are recomputed in the backward pass."""
        return bool(self.unet.is_gradient_checkpointing)

    def noisy(self, z: Tensor, t: Tensor) -> NoisyInput:
        """Return noisy latents, (B, C, h, w), at timesteps, (B,), as the network takes them."""
        alpha, sigma = self.schedule.alpha_sigma(t)
        pre = self.preconditioning
        scaled = z if pre is None else pre.network_input(z, alpha, sigma)
        return NoisyInput(z, t, scaled, alpha, sigma)

    def loss_weight(self, noisy: NoisyInput) -> Tensor | None:
        """Return the factors of the losses' squared errors, (B, C, 1, 1); None for none."""
        options = self.schedule.options
        if options.weighting == "min-snr":
            snr = (noisy.alpha / noisy.sigma).square()
            least = snr.clamp(max=options.min_snr_gamma)
            return least / (snr if options.prediction == "epsilon" else snr + 1)
        if self.preconditioning is None or options.weighting == "plain":
            return None
        return self.preconditioning.loss_weight(noisy.alpha, noisy.sigma)

    def encode(self, noisy: NoisyInput, condition: Condition) -> Encoded:
        """Run the U-Net's encoder half."""
        return self.encoder(noisy.scaled, noisy.t, *condition)  # type: ignore[no-any-return]

    def control(self, noisy: NoisyInput, condition: Condition, features: Tensor) -> Residuals:
        """Run the ControlNet on the hint's features."""
        assert self.controlnet is not None
        return self.controlnet.residuals(
            noisy.scaled, noisy.t, condition.context, features, condition.labels
        )

    def decode(
        self,
        noisy: NoisyInput,
        encoded: Encoded,
        residuals: Residuals | None,
        condition: Condition,
        constant: bool = False,
    ) -> Tensor:
        """Run the decoder half and return the prediction ("v" or "epsilon"), (B, C, h, w).

        Args:
            noisy: what was encoded.
            encoded: from `encode`.
            residuals: from `control`; None for the U-Net alone.
            condition: prompts and labels.
            constant: use the decoder's weights as constants: gradient passes through to the
                residuals but none reaches the weights.
        """
        if constant:
            weights = {name: p.detach() for name, p in self.decoder.named_parameters()}
            arguments = (encoded, residuals, condition.context)
            raw: Tensor = functional_call(self.decoder, weights, arguments)
        else:
            raw = self.decoder(encoded, residuals, condition.context)
        raw = raw.to(noisy.z.dtype)  # losses and solvers compute in full precision
        pre = self.preconditioning
        if pre is None:
            return raw
        return pre.prediction(raw, noisy.z, noisy.alpha, noisy.sigma)

    def forward(
        self,
        z: Tensor,
        t: Tensor,
        condition: Condition,
        features: Tensor | None = None,
    ) -> Tensor:
        """Predict from noisy latents, with the hint's features or without a hint.

        Args:
            z: (B, C, h, w) noisy latents.
            t: (B,) int64 timesteps.
            condition: prompts and labels.
            features: (B, C_0, h, w) from the ControlNet's `hint_features`.

        Returns:
            (B, C, h, w), "v" or "epsilon".
        """
        noisy = self.noisy(z, t)
        residuals = None if features is None else self.control(noisy, condition, features)
        return self.decode(noisy, self.encode(noisy, condition), residuals, condition)
