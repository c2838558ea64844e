"""Every layout is found without being told."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from medsynth.core.errors import InputError, UsageError
from medsynth.data.index import build_index
from medsynth.data.load import load_original, load_sample
from medsynth.data.options import DataOptions
from medsynth.testing import check_reader

from .conftest import blob, picture, save


def build(root, **options):
    return build_index(root, DataOptions(size=32, **options), seed=0)


@pytest.mark.parametrize(
    ("image", "mask", "reader"),
    [
        ("images/p{i}.png", "masks/p{i}.png", "paired-folders"),
        ("Images/p{i}.jpg", "Labels/p{i}.png", "paired-folders"),
        ("img/p{i}.bmp", "gt/p{i}.tif", "paired-folders"),
        ("imgs/p{i}.png", "annotations/p{i}_mask.png", "paired-folders"),
        ("set/images/p{i}.png", "set/masks/p{i}.png", "paired-folders"),
        ("data/images/p{i}.png", "data/masks/p{i}.png", "paired-folders"),
        ("original/set/img/p{i}.png", "original/set/gt/p{i}.png", "paired-folders"),
        ("images/data/p{i}.png", "masks/data/p{i}.png", "paired-folders"),
        ("images/a/p{i}.png", "masks/a/p{i}.png", "paired-folders"),
        ("p{i}.jpg", "p{i}_segmentation.png", "suffix-pairs"),
        ("p{i}.png", "p{i}_mask.png", "suffix-pairs"),
        ("all/p{i}.png", "all/p{i}_gt.png", "suffix-pairs"),
        ("p{i}.png", "p{i}_Label.png", "suffix-pairs"),
        ("p{i}_image.png", "p{i}_seg.png", "suffix-pairs"),
        ("ISIC_in/p{i}.jpg", "ISIC_truth/p{i}_segmentation.png", "suffix-pairs"),
        ("imagesTr/p{i}_0000.png", "labelsTr/p{i}.png", "nnunet"),
    ],
)
def test_layout_is_found(make_pairs, image, mask, reader):
    root = make_pairs(5, image, mask)
    check_reader(reader, root)
    index = build(root)
    assert index.reader == reader
    assert len(index.items) == 5
    assert [c.name for c in index.classes] == ["background", "foreground"]
    for i, item in enumerate(index.items):
        assert f"p{i}" in item.id
        sample = load_original(index, item)
        assert np.array_equal(sample.mask.labels, blob(i, value=1))
        assert load_sample(index, item).image.shape == (32, 32, 3)


def test_told_folders_also_outside_of_the_root(make_pairs, tmp_path):
    make_pairs(4, "x/a/p{i}.png", "y/p{i}_mask.png")
    index = build(tmp_path, images="x/a", masks=str(tmp_path / "y"))
    assert [item.image for item in index.items] == [f"x/a/p{i}.png" for i in range(4)]
    inner = build(tmp_path / "x", images="a", masks=str(tmp_path / "y"))
    assert inner.items[0].masks == ((tmp_path / "y" / "p0_mask.png").as_posix(),)
    assert load_sample(inner, inner.items[0]).mask.labels.any()


def test_told_wrongly(make_pairs):
    root = make_pairs(3)
    with pytest.raises(UsageError, match="belong together"):
        build(root, images="images")
    with pytest.raises(InputError, match="is no folder"):
        build(root, images="images", masks="nowhere")
    with pytest.raises(UsageError, match="did you mean 'nnunet'"):
        build(root, reader="nnunett")
    with pytest.raises(InputError, match="'nnunet' finds no image with a mask"):
        build(root, reader="nnunet")


def test_nnunet_names_its_classes(make_pairs):
    root = make_pairs(4, "imagesTr/c_{i}_0000.png", "labelsTr/c_{i}.png", value=1)
    save(root / "labelsTr/c_3.png", blob(3, value=2))
    names = {"labels": {"background": 0, "liver": 1, "tumour": 2}}
    (root / "dataset.json").write_text(json.dumps(names))
    assert [c.name for c in build(root).classes] == ["background", "liver", "tumour"]


def test_case_folders_with_one_file_an_instance(tmp_path):
    for i in range(3):
        save(tmp_path / f"c{i}/images/c{i}.png", picture(i))
        for k in range(3):
            part = np.zeros((48, 64), np.uint8)
            part[4:20, 4 + 20 * k : 18 + 20 * k] = 255
            save(tmp_path / f"c{i}/masks/m{k}.png", part)
    index = build(tmp_path)
    assert index.reader == "case-folders"
    assert [item.id for item in index.items] == ["c0", "c1", "c2"]
    assert index.has_instances
    mask = load_original(index, index.items[0]).mask
    assert mask.instances.max() == 3
    assert np.array_equal(mask.instances > 0, mask.labels == 1)


def test_numbered_masks_hold_an_object_each(make_pairs):
    root = make_pairs(4, "benign (p{i}).png", "benign (p{i})_mask.png")
    second = np.zeros((48, 64), np.uint8)
    second[40:46, 2:12] = 255
    save(root / "benign (p2)_mask_1.png", second)
    index = build(root)
    assert len(index.items) == 4
    (item,) = [item for item in index.items if len(item.masks) == 2]
    mask = load_original(index, item).mask
    assert mask.instances.max() == 2
    assert np.array_equal(mask.labels > 0, (second > 0) | (blob(2) > 0))
    save(root / "benign (p1)_gt.png", second)
    with pytest.raises(InputError, match="have no image"):
        build(root)


def test_further_channels_are_told(make_pairs):
    root = make_pairs(4, "imagesTr/c_{i}_0000.png", "labelsTr/c_{i}.png", value=1)
    save(root / "imagesTr/c_1_0001.png", picture(30))
    index = build(root)
    assert {n.code: n.count for n in index.notes}["channel-not-read"] == 1


def test_instances_folder_beside_masks(make_pairs):
    root = make_pairs(3)
    for i in range(3):
        ids = np.zeros((48, 64), np.uint16)
        mask = blob(i) > 0
        ids[mask] = 700
        ids[:, 30:][mask[:, 30:]] = 9
        save(root / f"instances/p{i}.png", ids)
    index = build(root)
    mask = load_sample(index, index.items[1]).mask
    assert index.has_instances
    assert sorted(np.unique(mask.instances)) == [0, 1, 2]
    assert np.array_equal(mask.instances > 0, mask.labels > 0)
    (root / "instances/p2.png").unlink()
    index = build(root)
    assert {n.code: n.count for n in index.notes}["no-instance-map"] == 1
    assert load_sample(index, index.items[2]).mask.instances.max() == 1


def test_split_folders_give_the_split(make_pairs):
    make_pairs(4, "train/images/a{i}.png", "train/masks/a{i}.png")
    make_pairs(2, "val/images/b{i}.png", "val/masks/b{i}.png")
    root = make_pairs(3, "test/images/c{i}.png", "test/masks/c{i}.png")
    index = build(root)
    assert [len(index.split(s)) for s in ("train", "val", "test")] == [4, 2, 3]


def test_names_never_become_paths(make_pairs, tmp_path):
    root = make_pairs(2)
    for name in ("a b", "a..b", "con", "é", "-x", "Case", "case"):
        save(root / "images" / f"{name}.png", picture(99))
        save(root / "masks" / f"{name}.png", blob(3))
    index = build(root)
    ids = [item.id for item in index.items]
    assert len({i.lower() for i in ids}) == 9
    assert all(i.replace("_", "").replace("-", "").isascii() for i in ids)
    assert all("/" not in i and "." not in i and not i.startswith("-") for i in ids)


def test_links_out_of_the_folder_are_told_not_followed(make_pairs, tmp_path_factory):
    root = make_pairs(3)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    save(elsewhere / "secret.png", picture(50))
    (root / "images" / "secret.png").symlink_to(elsewhere / "secret.png")
    (root / "more").symlink_to(elsewhere)
    index = build(root)
    assert len(index.items) == 3
    (note,) = [n for n in index.notes if n.code == "link-outside"]
    assert note.count == 2


def linked_folders(make_pairs, tmp_path):
    make_pairs(4, "real/here/images/p{i}.png", "real/there/masks/p{i}.png")
    root = tmp_path / "links"
    root.mkdir()
    (root / "images").symlink_to(tmp_path / "real/here/images")
    (root / "masks").symlink_to(tmp_path / "real/there/masks")
    return root


def test_links_to_folders_are_not_called_empty_and_the_tip_works(make_pairs, tmp_path):
    root = linked_folders(make_pairs, tmp_path)
    with pytest.raises(InputError, match="holds 2 links") as caught:
        build(root)
    assert "empty" not in caught.value.what
    assert "not followed, so that no file from elsewhere gets in unseen" in caught.value.what
    told = dict(word.split("=") for word in caught.value.tip.split() if "=" in word)
    index = build(root, **{key.removeprefix("data."): folder for key, folder in told.items()})
    assert len(index.items) == 4
    assert load_sample(index, index.items[0]).mask.labels.any()
    assert len(build(root, images="images", masks="masks").items) == 4


def test_links_to_files_are_not_called_empty_and_the_tip_works(make_pairs, tmp_path):
    make_pairs(3, "real/x/p{i}.png", "real/y/p{i}.png")
    root = tmp_path / "links"
    for kind, folder in (("images", "x"), ("masks", "y")):
        (root / kind).mkdir(parents=True)
        for i in range(3):
            (root / kind / f"p{i}.png").symlink_to(tmp_path / "real" / folder / f"p{i}.png")
    with pytest.raises(InputError, match="holds 6 links") as caught:
        build(root)
    assert "empty" not in caught.value.what
    command = caught.value.tip.partition("lead to: ")[2].split()
    assert command[:2] == ["cp", "-rL"]
    subprocess.run(command, check=True)
    assert len(build(Path(command[-1])).items) == 3


def test_told_folders_elsewhere_need_no_file_in_the_root(make_pairs, tmp_path):
    real = make_pairs(3, "real/x/p{i}.png", "real/y/p{i}.png") / "real"
    (tmp_path / "empty").mkdir()
    index = build(tmp_path / "empty", images=str(real / "x"), masks=str(real / "y"))
    assert len(index.items) == 3


def test_nothing_to_read(tmp_path, make_pairs):
    with pytest.raises(InputError, match="does not exist"):
        build(tmp_path / "gone")
    with pytest.raises(InputError, match="is empty"):
        build(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        build(tmp_path / "a.txt")
    with pytest.raises(InputError, match="1 file, but no picture"):
        build(tmp_path)
    save(tmp_path / "images/a.png", picture(0))
    with pytest.raises(InputError, match="no image with a mask"):
        build(tmp_path)


def test_images_with_instance_maps_alone(make_pairs):
    root = make_pairs(3, mask="instances/p{i}.png")
    assert build(root, mask="instances").has_instances
