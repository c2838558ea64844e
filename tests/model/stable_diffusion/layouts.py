"""Stable Diffusion with random weights, a few thousand of them, in the real layouts on disk."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

WORDS = ["a", "polyp", "image", "of", "skin", "colon", "<|startoftext|>", "<|endoftext|>"]


def write_tokenizer(folder: Path) -> None:
    """A CLIP tokenizer of a few whole words, in the files that CLIP's has."""
    folder.mkdir(parents=True)
    letters = [chr(c) for c in range(97, 123)]
    vocabulary = [*letters, *(f"{c}</w>" for c in letters)]
    merges = []
    for word in WORDS[:-2]:
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            merges.append(f"{parts[0]} {parts[1]}")
            parts = [parts[0] + parts[1], *parts[2:]]
            vocabulary.append(parts[0])
    vocabulary = list(dict.fromkeys([*vocabulary, *WORDS[-2:]]))
    ids = {token: k for k, token in enumerate(vocabulary)}
    (folder / "vocab.json").write_text(json.dumps(ids))
    lines = ["#version: 0.2", *dict.fromkeys(merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")
    CLIPTokenizer(
        str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=16
    ).save_pretrained(folder)


def tiny_unet(prediction: str = "epsilon") -> UNet2DConditionModel:
    """A U-Net as Stable Diffusion's: cross-attention, two levels."""
    two = prediction != "epsilon"  # as Stable Diffusion 2: linear projections
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        block_out_channels=(16, 32),
        layers_per_block=2,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=(2, 4) if two else 2,
        use_linear_projection=two,
        norm_num_groups=8,
    )


def tiny_vae() -> AutoencoderKL:
    """An autoencoder as Stable Diffusion's, factor 4."""
    return AutoencoderKL(
        block_out_channels=(8, 8, 16),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=32,
    )


def tiny_text_encoder(vocabulary: int) -> CLIPTextModel:
    """A text encoder as Stable Diffusion's."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=16,
            bos_token_id=vocabulary - 2,
            eos_token_id=vocabulary - 1,
            pad_token_id=vocabulary - 1,
        )
    )


def write_folder(folder: Path, prediction: str = "epsilon", seed: int = 0) -> Path:
    """Write a whole Stable Diffusion in diffusers' layout; "v_prediction" is as 2.x."""
    torch.manual_seed(seed)
    write_tokenizer(folder / "tokenizer")
    vocabulary = len(json.loads((folder / "tokenizer" / "vocab.json").read_text()))
    parts = {
        "unet": tiny_unet(prediction),
        "vae": tiny_vae(),
        "text_encoder": tiny_text_encoder(vocabulary),
        "scheduler": PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            prediction_type=prediction,
            steps_offset=1,
            skip_prk_steps=True,
        ),
    }
    index = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.42.1"}
    for name, part in parts.items():
        part.save_pretrained(folder / name)
        library = "transformers" if name == "text_encoder" else "diffusers"
        index[name] = [library, type(part).__name__]
    index |= {"tokenizer": ["transformers", "CLIPTokenizer"], "safety_checker": [None, None]}
    index |= {"feature_extractor": [None, None], "requires_safety_checker": False}
    (folder / "model_index.json").write_text(json.dumps(index, indent=2))
    return folder


def quiet(*_: object) -> None:
    """Progress that nobody sees."""
