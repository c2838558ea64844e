"""ControlNet (Zhang et al., ICCV 2023) with Dense Hint Input in place of its hint stem."""

from __future__ import annotations

import copy

from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from medsynth.model.halves import Encoded, EncoderHalf, Residuals
from medsynth.model.hint import DenseHintInput


class HintControlNet(nn.Module):
    """A trainable copy of a U-Net's encoder half, steered by a dense hint.

    Every output passes a zero-initialised 1x1 convolution, so a new ControlNet changes nothing.

    Args:
        unet: its encoder half is copied.
        hint: encodes hints.
        zero_hint: also start the hint's own convolution at zero, as published. Then no
            gradient reaches the hint until the output convolutions have grown.
    """

    def __init__(
        self, unet: UNet2DConditionModel, hint: DenseHintInput, zero_hint: bool = True
    ) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(EncoderHalf(unet)).requires_grad_(True)
        self.hint = hint
        first = self.encoder.conv_in.out_channels
        self.hint_out = nn.Conv2d(hint.out_channels, first, 3, padding=1)
        if zero_hint:
            zeroed(self.hint_out)
        else:
            nn.init.normal_(self.hint_out.weight, std=(9 * hint.out_channels) ** -0.5)
        self.skip_outs = nn.ModuleList(
            zeroed(nn.Conv2d(channels, channels, 1)) for channels in skip_channels(unet)
        )
        last = unet.config.block_out_channels[-1]
        self.middle_out = zeroed(nn.Conv2d(last, last, 1))

    def hint_features(self, hint: Tensor) -> Tensor:
        """Encode a hint, (B, 3, H, W) in [0, 1], to (B, C_0, h, w); independent of z and t."""
        return self.hint_out(self.hint(hint))  # type: ignore[no-any-return]

    def forward(
        self,
        z: Tensor,
        t: Tensor,
        context: Tensor | None,
        features: Tensor,
        labels: Tensor | None = None,
    ) -> Residuals:
        """Return the residuals for the U-Net's decoder half.

        Args:
            z: (B, C, h, w) noisy latents, as the network takes them.
            t: (B,) timesteps.
            context: (B, L, D) prompt embeddings or None.
            features: (B, C_0, h, w) from `hint_features`.
            labels: (B,) class ids or None.
        """
        encoded: Encoded = self.encoder(z, t, context, labels, hint=features)
        skips = tuple(out(skip) for out, skip in zip(self.skip_outs, encoded.skips, strict=True))
        return Residuals(skips, self.middle_out(encoded.middle))


def skip_channels(unet: UNet2DConditionModel) -> list[int]:
    """Return the channels of each skip connection, from the first convolution downwards."""
    channels = [unet.conv_in.out_channels]
    for block in unet.down_blocks:
        channels += [resnet.out_channels for resnet in block.resnets]
        if block.downsamplers is not None:
            channels.append(block.downsamplers[0].out_channels)
    return channels


def zeroed(module: nn.Conv2d) -> nn.Conv2d:
    """Set a convolution's weights and bias to zero and return it."""
    nn.init.zeros_(module.weight)
    if module.bias is not None:
        nn.init.zeros_(module.bias)
    return module
