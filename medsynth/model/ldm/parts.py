"""An LDM state dict to one state dict a network, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor

from medsynth.model.ldm.controlnet_names import controlnet_pairs
from medsynth.model.ldm.hint_shape import OWN_HINT, infer_hint_shape
from medsynth.model.ldm.ignorable import set_aside
from medsynth.model.ldm.tensor_pairs import TensorPair, check_tensors, from_ldm, to_ldm
from medsynth.model.ldm.text_config import infer_text_config
from medsynth.model.ldm.text_names import TEXT, as_installed, text_pairs, text_prefix
from medsynth.model.ldm.unet_config import infer_unet_config
from medsynth.model.ldm.unet_names import unet_pairs
from medsynth.model.ldm.vae_config import infer_vae_config
from medsynth.model.ldm.vae_names import vae_pairs

State = Mapping[str, Tensor]
Config = Mapping[str, Any]


class LdmParts(NamedTuple):
    """State dicts of the networks, as diffusers and transformers name their tensors.

    vae, text_encoder: None where a checkpoint has none; they are then the base's.
    ignored: LDM names that were passed over (noise schedule, moving average, ...).
    """

    unet: State
    controlnet: State
    vae: State | None = None
    text_encoder: State | None = None
    ignored: tuple[str, ...] = ()


class _Pairs(NamedTuple):
    unet: list[TensorPair]
    controlnet: list[TensorPair]
    vae: list[TensorPair] | None
    text_encoder: list[TensorPair] | None


def split_checkpoint(
    state: State, unet_config: Config | None = None, take_text: bool = True
) -> LdmParts:
    """Return the networks in an LDM state dict; no tensor is copied.

    Args:
        state: from `read_checkpoint`.
        unet_config: that of the base's U-Net; None to tell it from the shapes.
        take_text: False to pass over the text encoder because the base's is used; Stable
            Diffusion 2.x needs that.

    Raises:
        InputError: tensors are missing, unknown or of another shape (all of them are counted,
            the first named); there is no U-Net or no Siamese ControlNet; `take_text`, and the
            text encoder is open_clip's.
    """
    kept, ignored = set_aside(state)
    if not take_text:
        ignored += tuple(name for name in kept if name.startswith(TEXT))
        kept = {name: value for name, value in kept.items() if not name.startswith(TEXT)}
    pairs = _pairs(kept, infer_unet_config(kept) if unet_config is None else unet_config)
    expected = {p.ldm: p.ldm_shape for part in pairs if part is not None for p in part}
    tip = (
        "Is the file complete, and a Siamese-Diffusion checkpoint? If a U-Net's config was "
        "given, it must be that of the checkpoint's own base."
    )
    check_tensors(expected, kept, "the checkpoint", tip)
    return LdmParts(
        from_ldm(pairs.unet, kept),
        from_ldm(pairs.controlnet, kept),
        None if pairs.vae is None else from_ldm(pairs.vae, kept),
        None if pairs.text_encoder is None else from_ldm(pairs.text_encoder, kept),
        ignored,
    )


def _pairs(kept: State, unet_config: Config) -> _Pairs:
    vae, text = infer_vae_config(kept), infer_text_config(kept)
    return _Pairs(
        unet_pairs(unet_config),
        controlnet_pairs(unet_config, infer_hint_shape(kept)),
        None if vae is None else vae_pairs(vae),
        None if text is None else text_pairs(text, text_prefix(kept)),
    )


def merge_checkpoint(
    parts: LdmParts,
    unet_config: Config,
    vae_config: Config | None = None,
    text_config: Config | None = None,
) -> dict[str, Tensor]:
    """Return an LDM state dict; no tensor is copied. The inverse of `split_checkpoint`.

    What was ignored does not come back: see `schedule_buffers` for what LDM's loader wants.

    Args:
        parts: the networks' state dicts; VAE and text encoder may be left out. The text
            encoder's may be of any transformers.
        unet_config: that of the U-Net.
        vae_config: that of the VAE, if there is one.
        text_config: that of the text encoder, if there is one.

    Raises:
        InputError: a state dict does not fit its config.
        ValueError: a VAE or text encoder without its config.
    """
    hint = infer_hint_shape(parts.controlnet, OWN_HINT)
    merged = _renamed(unet_pairs(unet_config), parts.unet, "the U-Net")
    merged |= _renamed(controlnet_pairs(unet_config, hint), parts.controlnet, "the ControlNet")
    if parts.vae is not None:
        merged |= _renamed(vae_pairs(_given(vae_config, "VAE")), parts.vae, "the VAE")
    if parts.text_encoder is not None:
        pairs = text_pairs(_given(text_config, "text encoder"))
        merged |= _renamed(pairs, as_installed(parts.text_encoder, pairs), "the text encoder")
    return merged


def _renamed(pairs: list[TensorPair], part: State, what: str) -> dict[str, Tensor]:
    expected = {pair.own: pair.own_shape for pair in pairs}
    check_tensors(expected, part, what, "The config must be that of the network.")
    return to_ldm(pairs, part)


def _given(config: Config | None, what: str) -> Config:
    if config is None:
        raise ValueError(f"a {what} needs its config")
    return config
