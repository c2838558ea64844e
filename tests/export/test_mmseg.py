from pathlib import Path

import numpy as np
import pytest

from medsynth.exporters.deliver import deliver
from medsynth.exporters.mmseg_config import palette
from medsynth.exporters.options import ExportOptions

from .readers import picture
from .sets import make_set, quiet


def loaded(path):
    """Execute a config as mmengine does: its own folder filled in, then Python."""
    text = path.read_text(encoding="utf-8").replace("{{ fileDirname }}", path.parent.as_posix())
    values = {}
    exec(compile(text, path.name, "exec"), values)
    return values


@pytest.mark.parametrize("channels", [1, 3])
def test_the_config_finds_an_image_and_a_mask_for_each_sample(channels, tmp_path):
    export_set = make_set(channels=channels)
    deliver("mmseg", export_set, tmp_path / "out", ExportOptions(), quiet)
    config = loaded(tmp_path / "out" / "dataset.py")
    assert config["metainfo"]["classes"] == ("background", "polyp", "Gerät")
    for split in export_set.splits():
        data = config[f"{split}_dataloader"]["dataset"]
        assert (data["type"], data["reduce_zero_label"]) == ("BaseSegDataset", False)
        root, prefix = Path(data["data_root"]), data["data_prefix"]
        samples = {sample.id: sample for sample in export_set.samples(split)}
        found = sorted((root / prefix["img_path"]).iterdir())
        assert {path.name for path in found} == {f"{name}{data['img_suffix']}" for name in samples}
        for path in found:
            sample = samples[path.stem]
            name = path.name.replace(data["img_suffix"], data["seg_map_suffix"])
            mask = picture(root / prefix["seg_map_path"] / name)
            assert mask.dtype == np.uint8
            assert np.array_equal(mask, sample.mask.labels)
            assert np.array_equal(picture(path).reshape(sample.image.shape), sample.image)


def test_only_the_splits_that_are_there_have_loaders(tmp_path):
    export_set = make_set(reals=1)
    deliver("mmseg", export_set, tmp_path / "out", ExportOptions(), quiet)
    config = loaded(tmp_path / "out" / "dataset.py")
    assert [key for key in config if key.endswith("loader")] == ["train_dataloader"]


def test_colours_differ_and_the_background_is_black():
    colours = palette(40)
    assert colours[0] == (0, 0, 0)
    assert len(set(colours)) == 40
