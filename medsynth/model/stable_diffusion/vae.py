"""Stable Diffusion's autoencoder as a codec (Rombach et al., CVPR 2022)."""

from __future__ import annotations

from collections.abc import Mapping

from diffusers import AutoencoderKL
from torch import Tensor

from medsynth.model.codecs.codec import Codec, Posterior


class KlAutoencoder(Codec):
    """The autoencoder of a base model, frozen; latents times its own scaling factor.

    Grey images are repeated to RGB on the way in and averaged on the way out. The weights are
    the base's: a run does not store them again.

    Args:
        vae: the autoencoder.
        image_channels: 1 (grey) or 3 (RGB).
    """

    def __init__(self, vae: AutoencoderKL, image_channels: int) -> None:
        factor = 2 ** (len(vae.config.block_out_channels) - 1)
        super().__init__(factor, vae.config.latent_channels, image_channels)
        self.vae = vae.requires_grad_(False).eval()
        self.scale.fill_(1 / vae.config.scaling_factor)
        self.fitted = self.slow = True

    def posterior(self, images: Tensor) -> Posterior:
        """Encode to mean and standard deviation; H and W must be multiples of the factor."""
        found = self.vae.encode(images.expand(-1, 3, -1, -1)).latent_dist
        return Posterior((found.mean - self.mean) / self.scale, found.std / self.scale)

    def to_raw(self, images: Tensor) -> Tensor:
        """Return the mean of the posterior, unscaled."""
        return self.vae.encode(images.expand(-1, 3, -1, -1)).latent_dist.mean  # type: ignore[no-any-return]

    def from_raw(self, raw: Tensor) -> Tensor:
        """Decode."""
        images: Tensor = self.vae.decode(raw).sample
        return images if self.image_channels == 3 else images.mean(1, keepdim=True)

    def own_state(self) -> dict[str, Tensor]:
        """Return the statistics alone."""
        return {k: v for k, v in self.state_dict().items() if not k.startswith("vae.")}

    def load_own_state(self, values: Mapping[str, Tensor]) -> None:
        """Set the statistics."""
        found = self.load_state_dict(dict(values), strict=False)
        if found.unexpected_keys or any(not k.startswith("vae.") for k in found.missing_keys):
            raise RuntimeError("these are not an autoencoder's statistics")
