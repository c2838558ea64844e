"""ControlNet (Zhang et al., ICCV 2023) with Dense Hint Input in place of its hint stem."""

from __future__ import annotations

import inspect
from typing import Any

from diffusers import ControlNetModel, UNet2DConditionModel
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from medsynth.model.halves import Encoded, EncoderHalf, Residuals
from medsynth.model.hint import DenseHintInput, HintKind, SparseHint


class HintStem(nn.Module):
    """A hint's encoder and the convolution that fits it to the first feature map.

    Args:
        hint: encodes hints.
        channels: channels of ControlNet's first convolution.
        zero: start the convolution at zero, as published. Then no gradient reaches the hint
            until ControlNet's output convolutions have grown.
    """

    def __init__(self, hint: DenseHintInput | SparseHint, channels: int, zero: bool) -> None:
        super().__init__()
        self.hint = hint
        self.out = nn.Conv2d(hint.out_channels, channels, 3, padding=1)
        if zero:
            nn.init.zeros_(self.out.weight)
        else:
            nn.init.normal_(self.out.weight, std=(9 * hint.out_channels) ** -0.5)
        assert self.out.bias is not None
        nn.init.zeros_(self.out.bias)

    def forward(self, hint: Tensor) -> Tensor:
        """Encode a hint, (B, 3, H, W) in [0, 1], to (B, channels, h, w)."""
        return self.out(self.hint(hint))  # type: ignore[no-any-return]


class HintControlNet(ControlNetModel):  # type: ignore[misc]
    """A trainable copy of a U-Net's encoder half, steered by a dense hint.

    It is a diffusers ControlNet: `save_pretrained`, `from_pretrained` and diffusers' pipelines
    take it. Every output passes a zero-initialised 1x1 convolution, so a new one changes nothing.

    Args:
        hint_width: channels of Dense Hint Input's first block; 16 as published.
        hint_merges: its patch merges, log2 of the codec's downsampling.
        zero_hint: start the hint's own convolution at zero too, as published.
        hint: "dense" as published, or "sparse", ControlNet's own, to see what the dense one is for.
        others: those of `diffusers.ControlNetModel`.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        in_channels: int = 4,
        conditioning_channels: int = 3,
        flip_sin_to_cos: bool = True,
        freq_shift: int = 0,
        down_block_types: tuple[str, ...] = (*["CrossAttnDownBlock2D"] * 3, "DownBlock2D"),
        mid_block_type: str = "UNetMidBlock2DCrossAttn",
        only_cross_attention: bool | tuple[bool, ...] = False,
        block_out_channels: tuple[int, ...] = (320, 640, 1280, 1280),
        layers_per_block: int = 2,
        downsample_padding: int = 1,
        mid_block_scale_factor: float = 1,
        act_fn: str = "silu",
        norm_num_groups: int | None = 32,
        norm_eps: float = 1e-5,
        cross_attention_dim: int = 1280,
        transformer_layers_per_block: int | tuple[int, ...] = 1,
        encoder_hid_dim: int | None = None,
        encoder_hid_dim_type: str | None = None,
        attention_head_dim: int | tuple[int, ...] = 8,
        num_attention_heads: int | tuple[int, ...] | None = None,
        use_linear_projection: bool = False,
        class_embed_type: str | None = None,
        addition_embed_type: str | None = None,
        addition_time_embed_dim: int | None = None,
        num_class_embeds: int | None = None,
        upcast_attention: bool = False,
        resnet_time_scale_shift: str = "default",
        projection_class_embeddings_input_dim: int | None = None,
        controlnet_conditioning_channel_order: str = "rgb",
        conditioning_embedding_out_channels: tuple[int, ...] = (16,),
        global_pool_conditions: bool = False,
        addition_embed_type_num_heads: int = 64,
        hint_width: int = 16,
        hint_merges: int = 3,
        zero_hint: bool = True,
        hint: HintKind = "dense",
    ) -> None:
        given = locals()
        super().__init__(**{name: given[name] for name in _parameters(ControlNetModel)})
        encoder = (
            DenseHintInput(conditioning_channels, hint_width, hint_merges)
            if hint == "dense"
            else SparseHint(conditioning_channels, hint_merges)
        )
        self.controlnet_cond_embedding = HintStem(encoder, block_out_channels[0], zero_hint)
        self.__dict__["encoder"] = EncoderHalf(self)  # a view: the weights are its own

    encoder: EncoderHalf

    @classmethod
    def from_unet(
        cls,
        unet: UNet2DConditionModel,
        hint_width: int = 16,
        hint_merges: int = 3,
        zero_hint: bool = True,
        hint: HintKind = "dense",
    ) -> HintControlNet:
        """Return a new ControlNet whose encoder half is a copy of the U-Net's."""
        shared = {k: v for k, v in unet.config.items() if k in _parameters(cls)}
        shared |= {"hint_width": hint_width, "hint_merges": hint_merges}
        controlnet: HintControlNet = cls(**shared, zero_hint=zero_hint, hint=hint)
        controlnet.encoder.load_state_dict(EncoderHalf(unet).state_dict())
        return controlnet

    def is_new(self) -> bool:
        """Return whether it changes nothing yet: its last convolutions are still at zero."""
        last = (self.controlnet_down_blocks, self.controlnet_mid_block)
        return not any(bool(p.any()) for blocks in last for p in blocks.parameters())

    def hint_features(self, hint: Tensor) -> Tensor:
        """Encode a hint, (B, 3, H, W) in [0, 1], to (B, C_0, h, w); independent of z and t."""
        return self.controlnet_cond_embedding(hint)  # type: ignore[no-any-return]

    def residuals(
        self,
        z: Tensor,
        t: Tensor,
        context: Tensor | None,
        features: Tensor,
        labels: Tensor | None = None,
    ) -> Residuals:
        """Return what is added to the skips and the middle of the U-Net.

        Differs from `forward` in that it takes the hint's features, which are the same at every
        timestep.

        Args:
            z: (B, C, h, w) noisy latents, as the network takes them.
            t: (B,) timesteps.
            context: (B, L, D) prompt embeddings or None.
            features: (B, C_0, h, w) from `hint_features`.
            labels: (B,) class ids or None.
        """
        encoded: Encoded = self.encoder(z, t, context, labels, hint=features)
        outs = zip(self.controlnet_down_blocks, encoded.skips, strict=True)
        skips = tuple(out(skip) for out, skip in outs)
        return Residuals(skips, self.controlnet_mid_block(encoded.middle))


def _parameters(model: type[Any]) -> list[str]:
    """Return the names of a model's arguments, without `self`."""
    return list(inspect.signature(model.__init__).parameters)[1:]
