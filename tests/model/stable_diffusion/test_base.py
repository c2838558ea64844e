"""Reading Stable Diffusion from disk: layouts, the network never used, wrong input."""

import json
import shutil
import socket
import subprocess
import sys

import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel

from medsynth.core.errors import InputError, UsageError
from medsynth.model.backbone import build_backbone
from medsynth.model.options import ModelOptions
from medsynth.model.stable_diffusion.base import Base
from medsynth.model.stable_diffusion.options import StableDiffusionOptions


def base(where, **more):
    return Base(StableDiffusionOptions(base=str(where), **more))


def backbone(where, prediction="epsilon", **more):
    schedule = {"name": "scaled-linear", "prediction": prediction}
    options = {"base": str(where), "hint_width": 2, **more}
    return build_backbone(
        ModelOptions(backbone="stable-diffusion", stable_diffusion=options, schedule=schedule)
    )


@pytest.fixture
def _no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize("kind", ["sd15", "sd2"])
def test_a_folder_gives_all_parts(request, kind):
    where = request.getfixturevalue(kind)
    found = backbone(where, "epsilon" if kind == "sd15" else "v")
    assert found.unit_px() == 8
    codec = found.build_codec(3)
    assert (codec.factor, codec.channels, codec.slow, codec.fitted) == (4, 4, True, True)
    network = found.build_network(codec, 0)
    found.add_controlnet(network, codec)
    trained = {n for n, p in network.named_parameters() if p.requires_grad}
    assert {n.split(".")[1] for n in trained if n.startswith("unet.")} == {
        "up_blocks",
        "conv_norm_out",
        "conv_out",
    }
    assert network.borrowed == {n for n, _ in network.named_parameters()} - trained


def test_prompts_are_those_of_the_text_encoder(sd15):
    found = backbone(sd15)
    table = found.encode_prompts(["", "an image of a polyp", "a polyp"])
    assert table.shape == (3, 16, 16)
    tokenizer, encoder = found.base.text()
    ids = tokenizer("a polyp").input_ids
    assert len(ids) == 4  # whole words, between start and end
    padded = torch.tensor([ids + [tokenizer.pad_token_id] * 12])
    with torch.no_grad():
        torch.testing.assert_close(table[2], encoder(padded)[0][0])
    assert not torch.equal(table[0], table[1])


def test_a_base_stored_in_half_precision_computes_in_single(sd15, tmp_path):
    stored = tmp_path / "half"
    shutil.copytree(sd15, stored)
    for part, kind in (("unet", UNet2DConditionModel), ("vae", AutoencoderKL),
                       ("text_encoder", CLIPTextModel)):  # fmt: skip
        kind.from_pretrained(stored / part).half().save_pretrained(stored / part)
    parts = Base(StableDiffusionOptions(base=str(stored)))
    for part in (parts.unet(), parts.vae(), parts.text()[1]):
        assert {p.dtype for p in part.parameters()} == {torch.float32}


def test_latents_are_scaled_and_come_back(sd15):
    codec = backbone(sd15).build_codec(3)
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        told = codec.vae.encode(images).latent_dist
        mean, std = codec.posterior(images)
        torch.testing.assert_close(mean, told.mean * 0.18215)
        torch.testing.assert_close(std, told.std * 0.18215)
        torch.testing.assert_close(codec.encode(images), mean)
        back = codec.vae.decode(told.mean).sample.clamp(-1, 1)
        torch.testing.assert_close(codec.decode(mean), back)
        grey = backbone(sd15).build_codec(1)
        assert grey.decode(grey.encode(images[:, :1])).shape == (2, 1, 32, 32)
    assert set(codec.own_state()) == {"mean", "scale", "std"}
    with pytest.raises(RuntimeError, match="statistics"):
        codec.load_own_state({"mean": torch.zeros(1, 4, 1, 1)})


def test_another_autoencoder_is_another_hash(sd15, sd2):
    assert backbone(sd15).build_codec(3).sha256() == backbone(sd15).build_codec(3).sha256()
    assert backbone(sd15).build_codec(3).sha256() != backbone(sd2, "v").build_codec(3).sha256()


WRONG = {
    "none": (None, "needs a base model"),
    "gone": ("/nowhere/sd", "there is no Stable Diffusion at /nowhere/sd"),
    "no file": ("/nowhere/sd.safetensors", "there is no file /nowhere/sd.safetensors"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_missing_base_gives_the_ways_to_provide_one(case):
    where, message = WRONG[case]
    with pytest.raises(UsageError, match=message) as caught:
        Base(StableDiffusionOptions(base=where))
    for way in ("diffusers' layout", ".safetensors or .ckpt file", "hub id"):
        assert way in caught.value.tip


@pytest.mark.usefixtures("_no_network")
def test_a_hub_id_that_is_not_cached_is_not_fetched_offline(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(InputError, match="the Stable Diffusion at nobody/nothing cannot be read"):
        base("nobody/nothing").unet()


def test_one_file_needs_a_folder_for_its_configuration(tmp_path):
    (tmp_path / "sd.safetensors").write_bytes(b"")
    with pytest.raises(UsageError, match="its configuration and tokenizer are needed") as caught:
        base(tmp_path / "sd.safetensors")
    assert "model.stable_diffusion.config=DIR" in caught.value.tip


def test_damaged_parts_are_named(sd15, tmp_path):
    broken = shutil.copytree(sd15, tmp_path / "broken")
    weights = broken / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(InputError, match="broken cannot be read"):
        base(broken).unet()
    (broken / "scheduler" / "scheduler_config.json").write_text("{")
    with pytest.raises(InputError, match="broken cannot be read"):
        backbone(broken)


def test_a_schedule_that_is_not_the_bases_is_refused(sd15, sd2):
    with pytest.raises(UsageError, match="predicts v; the recipe"):
        backbone(sd2)
    with pytest.raises(UsageError, match="predicts epsilon"):
        build_backbone(
            ModelOptions(backbone="stable-diffusion", stable_diffusion={"base": str(sd15)})
        )


def test_labels_and_inpainting_models_are_refused(sd15, tmp_path):
    found = backbone(sd15)
    with pytest.raises(UsageError, match="no image labels"):
        found.build_network(found.build_codec(3), 2)
    other = shutil.copytree(sd15, tmp_path / "inpainting")
    config = json.loads((other / "unet" / "config.json").read_text())
    (other / "unet" / "config.json").write_text(json.dumps(config | {"in_channels": 9}))
    from diffusers import UNet2DConditionModel

    UNet2DConditionModel.from_config(config | {"in_channels": 9}).save_pretrained(other / "unet")
    found = backbone(other)
    with pytest.raises(UsageError, match="takes 9 channels and its autoencoder has 4"):
        found.build_network(found.build_codec(3), 0)


def test_reading_a_recipe_needs_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['diffusers'] = None\n"
        "from medsynth.workflows.recipe import load_recipe\n"
        "load_recipe('compact', ['model.backbone=stable-diffusion'])"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
