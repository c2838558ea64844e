"""A model from somewhere is weights and numbers: code that lies beside them is never run."""

import json
import shutil
from pathlib import Path

import pytest

from medsynth.core.errors import InputError
from tests.faults.planted import Planted, save_planted

from .test_base import base

PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
CODE = "from pathlib import Path\nPath({owned!r}).touch()\nclass Evil: pass\n"


@pytest.fixture
def hostile(sd15, tmp_path):
    """A copy of a model to plant things in; at the end none of them was run."""
    yield Path(shutil.copytree(sd15, tmp_path / "hostile"))
    assert not (tmp_path / "owned").exists()


def use(where):
    """Read every part of a model."""
    found = base(str(where))
    return found.unet(), found.vae(), found.text(), found.config("scheduler")


def test_code_of_a_repository_is_not_run(hostile, tmp_path):
    code = CODE.format(owned=str(tmp_path / "owned"))
    kinds = (
        "AutoConfig",
        "AutoModel",
        "AutoTokenizer",
        "AutoModelForCausalLM",
        "UNet2DConditionModel",
    )
    for folder in (hostile, *(hostile / part for part in PARTS)):
        for name in (
            "evil",
            "pipeline",
            "modeling_evil",
            "tokenization_evil",
            "__init__",
            folder.name,
        ):
            (folder / f"{name}.py").write_text(code)
        for path in folder.glob("*.json"):
            values = json.loads(path.read_text())
            if isinstance(values, dict) and "config" in path.name:
                values["auto_map"] = dict.fromkeys(kinds, "evil.Evil")
                path.write_text(json.dumps(values))
    index = {"_class_name": ["pipeline", "Evil"], "unet": ["evil", "Evil"]}
    (hostile / "model_index.json").write_text(json.dumps(index))
    unet, vae, (tokenizer, text), _ = use(hostile)
    kinds = [type(each).__name__ for each in (unet, vae, tokenizer, text)]
    assert kinds == ["UNet2DConditionModel", "AutoencoderKL", "CLIPTokenizer", "CLIPTextModel"]


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("unet", "diffusion_pytorch_model.bin"),
        ("vae", "diffusion_pytorch_model.bin"),
        ("text_encoder", "pytorch_model.bin"),
    ],
)
def test_a_pickle_in_place_of_its_weights_is_not_run(hostile, tmp_path, part, name):
    for path in (hostile / part).glob("*.safetensors"):
        path.unlink()
    save_planted(hostile / part / name, Planted(tmp_path / "owned"))
    with pytest.raises(InputError, match="cannot be read"):
        use(hostile)
