"""A U-Net whose encoder has learned from ImageNet: MobileNetV2 below MONAI's decoder."""

from __future__ import annotations

from torch import Tensor, nn

from medsynth.model.mobilenet import (
    LEVELS,
    MobileNetV2,
    levels,
    load_mobilenet,
    standardised,
    weights_in_wheel,
)


class MobileNetUNet(nn.Module):
    """Standardised RGB images to class scores.

    Its weights are random until `begin_with_imagenet`.

    Args:
        classes: the background included.
        width: channels of the decoder at full resolution; each level below has twice as many.
    """

    unit_px = 32

    def __init__(self, classes: int, width: int) -> None:
        from monai.networks.nets import flexible_unet

        super().__init__()
        self.encoder = nn.ModuleList(MobileNetV2().layers())
        self.decoder = flexible_unet.UNetDecoder(
            2, (3, *LEVELS), [width * 2**level for level in (4, 3, 2, 1, 0)],
            act=("relu", {"inplace": True}), norm="batch", dropout=0.0, bias=False,
            upsample="nontrainable", pre_conv="default", interp_mode="nearest", align_corners=None,
            is_pad=False,
        )  # fmt: skip
        self.head = flexible_unet.SegmentationHead(2, width, classes)

    def begin_with_imagenet(self) -> None:
        """Give the encoder the weights of `weights_in_wheel`.

        Raises:
            InputError: they are not installed.
        """
        learned = nn.ModuleList(load_mobilenet(weights_in_wheel()).layers())
        self.encoder.load_state_dict(learned.state_dict())

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, K, H, W), H and W multiples of 32."""
        maps = levels(self.encoder, images)
        scores: Tensor = self.head(self.decoder([images, *maps], len(maps) - 1))
        return scores


def standardised_rgb(images: Tensor) -> Tensor:
    """(B, C, H, W) in [0, 1], grey or RGB, to (B, 3, H, W) as ImageNet's were given."""
    return standardised(images.expand(-1, 3, -1, -1))
