from pathlib import Path

import pytest

from .layouts import write_folder

RECIPE = """\
data: {{size: 32}}
model:
  backbone: stable-diffusion
  stable_diffusion: {{base: {base}, hint_width: 2, prompt: an image of a polyp}}
  schedule: {{name: scaled-linear, prediction: {prediction}, weighting: plain}}
training: {{batch: 4, threads: 1, checkpoint_every: 2, grid_every: 3, log_every: 1,
  timesteps: uniform, augmentation: hflip}}
base: {{steps: 0}}
siamese: {{steps: 4, warmup_steps: 1, prompt_dropout: 0.2}}
sampling: {{solver: ddim, spacing: leading, steps: 10, batch: 4, guidance_scale: 3}}
gates: {{mode: "off"}}
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def sd15(tmp_path_factory):
    """A folder in diffusers' layout, as Stable Diffusion 1.5's."""
    return write_folder(tmp_path_factory.mktemp("sd") / "sd15")


@pytest.fixture(scope="session")
def sd2(tmp_path_factory):
    """As Stable Diffusion 2.1's: v-prediction, linear projections, heads by level."""
    return write_folder(tmp_path_factory.mktemp("sd") / "sd2", "v_prediction", seed=1)


@pytest.fixture
def sd_recipe(tmp_path):
    """Return a writer of a recipe on a base."""

    def write(base: Path, prediction: str = "epsilon") -> Path:
        path = tmp_path / "sd.yaml"
        path.write_text(RECIPE.format(base=base, prediction=prediction))
        return path

    return write
