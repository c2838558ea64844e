"""Where Stable Diffusion's parts come from: a folder, the hub's cache, or one file.

The network is never used but for a hub id that the user named and that is not cached yet,
and not at all where HF_HUB_OFFLINE is set.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from diffusers import AutoencoderKL, UNet2DConditionModel
from huggingface_hub import hf_hub_download
from huggingface_hub.constants import HF_HUB_OFFLINE
from transformers import CLIPTextModel, CLIPTokenizer
from transformers.utils import logging

from medsynth.core.errors import InputError, UsageError
from medsynth.model.stable_diffusion.options import StableDiffusionOptions

SINGLE_FILES = (".safetensors", ".ckpt", ".pth")
WAYS = (
    "Give one with --set model.stable_diffusion.base=...: a folder in diffusers' layout (git clone "
    "of a hub repository, or `hf download REPOSITORY --local-dir DIR` on a machine that has the "
    "network); one .safetensors or .ckpt file, with model.stable_diffusion.config=DIR; or a hub id "
    "such as stable-diffusion-v1-5/stable-diffusion-v1-5, which is downloaded."
)


class Base:
    """The parts of one Stable Diffusion, read when they are first asked for.

    Args:
        options: which.

    Raises:
        UsageError: no base is named, or it is not there.
    """

    def __init__(self, options: StableDiffusionOptions) -> None:
        if options.base is None:
            raise UsageError("the backbone stable-diffusion needs a base model.", WAYS)
        self.where = options.base
        self.variant = options.variant
        self.file = self._single_file(options)
        self.layout = options.config if self.file else options.base

    def _single_file(self, options: StableDiffusionOptions) -> Path | None:
        path = Path(self.where)
        if path.suffix not in SINGLE_FILES:
            if not path.is_dir() and not is_hub_id(self.where):
                raise UsageError(f"there is no Stable Diffusion at {self.where}.", WAYS)
            return None
        if not path.is_file():
            raise UsageError(f"there is no file {path}.", WAYS)
        if options.config is None or not (Path(options.config) / "unet" / "config.json").is_file():
            raise UsageError(
                f"{path} is one file; its configuration and tokenizer are needed beside it.",
                "Name a folder that has unet/config.json, vae/config.json, text_encoder/"
                "config.json, tokenizer/ and scheduler/ with "
                "--set model.stable_diffusion.config=DIR",
            )
        return path

    def config(self, part: str) -> dict[str, Any]:
        """Return the configuration of a part ("unet", "vae", "scheduler", ...)."""
        name = "scheduler_config.json" if part == "scheduler" else "config.json"
        assert self.layout is not None
        path = Path(self.layout) / part / name
        if not Path(self.layout).is_dir():
            path = Path(self._read(lambda: hf_hub_download(self.where, f"{part}/{name}")))
        values: dict[str, Any] = self._read(lambda: json.loads(path.read_text(encoding="utf-8")))
        return values

    def unet(self) -> UNet2DConditionModel:
        """Return the U-Net in float32."""
        return self._part("unet", UNet2DConditionModel)

    def vae(self) -> AutoencoderKL:
        """Return the autoencoder in float32."""
        return self._part("vae", AutoencoderKL)

    def text(self) -> tuple[CLIPTokenizer, CLIPTextModel]:
        """Return tokenizer and text encoder, in float32: transformers 5 keeps the stored type."""
        return self.tokenizer(), self._part("text_encoder", CLIPTextModel).float()

    def tokenizer(self) -> CLIPTokenizer:
        """Return the tokenizer alone."""
        return self._part("tokenizer", CLIPTokenizer)

    def _part(self, name: str, kind: Any) -> Any:
        if self.file is not None:
            return getattr(self._pipeline, name)
        more: dict[str, Any] = {} if name == "tokenizer" else {"variant": self.variant}

        def read() -> Any:
            local = Path(self.where).is_dir() or bool(HF_HUB_OFFLINE)
            try:
                return kind.from_pretrained(
                    self.where, subfolder=name, local_files_only=True, **more
                )
            except (OSError, ValueError):
                if local:
                    raise
            return kind.from_pretrained(self.where, subfolder=name, **more)

        return self._read(read)

    @cached_property
    def _pipeline(self) -> Any:
        """The parts of a single file. Without a config folder diffusers would use the network."""
        from diffusers import StableDiffusionPipeline

        return self._read(
            lambda: StableDiffusionPipeline.from_single_file(
                str(self.file),
                config=self.layout,
                local_files_only=True,
                safety_checker=None,
                feature_extractor=None,
                requires_safety_checker=False,
            )
        )

    def _read(self, read: Callable[[], Any]) -> Any:
        logging.disable_progress_bar()
        try:
            return read()
        except Exception as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            raise InputError(
                f"the Stable Diffusion at {self.where} cannot be read: {first}", WAYS
            ) from error


def is_hub_id(text: str) -> bool:
    """Return whether a text has the form of a hub id.

    >>> is_hub_id("stable-diffusion-v1-5/stable-diffusion-v1-5"), is_hub_id("../models/sd")
    (True, False)
    """
    parts = text.split("/")
    return len(parts) == 2 and all(parts) and not text.startswith((".", "~"))
