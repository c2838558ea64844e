"""NIfTI volumes become slices of the right plane, window and labels; wrong ones are told."""

import json
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from medsynth_medical_io.nifti_reader import Nifti
from medsynth_medical_io.volume import VIEWS, Volume

from medsynth.core.errors import InputError, UsageError
from medsynth.data.index import DataIndex, build_index
from medsynth.data.load import load_original
from medsynth.data.options import DataOptions
from medsynth.testing import check_reader

from .conftest import OBLIQUE, grey, labels, save

SHIPPED = Path(nib.__file__).parent / "tests" / "data"


def build(root, reader="nifti", plugin=None, **options):
    own = {reader: plugin or {}}
    return build_index(root, DataOptions(size=16, plugin=own, **options), seed=0)


def load_all(index):
    return [load_original(index, item) for item in index.items]


def canonical(path):
    return np.asanyarray(nib.as_closest_canonical(nib.load(path)).dataobj)


@pytest.mark.parametrize(("axis", "plane"), [("axial", 2), ("coronal", 1), ("sagittal", 0)])
def test_slices_are_those_of_the_canonical_volume(volumes, axis, plane):
    index = build(volumes, plugin={"axis": axis, "slices": "all", "window": [100, 400]})
    assert index.reader == "nifti"
    whole = canonical(volumes / "labelsTr/SMITH_JOHN_0.nii.gz")
    grey_ = canonical(volumes / "imagesTr/SMITH_JOHN_0_0000.nii.gz").astype(float)
    shown = np.rint(255 * np.clip((grey_ - 100) / 400 + 0.5, 0, 1)).astype(np.uint8)
    cases = {}
    for item in index.items:
        cases.setdefault(item.attributes["volume"], []).append(item)
    stacks = [sorted(items, key=lambda item: int(item.attributes["slice"]))
              for items in cases.values()]  # fmt: skip
    assert {len(stack) for stack in stacks} == {whole.shape[plane]}

    def picture(volume, k):
        """Patient's right on the left, front or head on top."""
        return np.moveaxis(volume, plane, 2)[::-1, ::-1, k].T

    hits = 0
    for stack in stacks:
        samples = [load_original(index, item) for item in stack]
        if np.array_equal(samples[0].image[..., 0], picture(shown, 0)):
            hits += 1
            for k, sample in enumerate(samples):
                assert np.array_equal(sample.image[..., 0], picture(shown, k))
                assert np.array_equal(sample.mask.labels, picture(whole, k))
    assert hits == 1
    zooms = nib.as_closest_canonical(nib.load(volumes / "labelsTr/SMITH_JOHN_0.nii.gz"))
    sides = [side for n, side in enumerate(zooms.header.get_zooms()) if n != plane]
    assert index.items[0].spacing_mm == pytest.approx(sides[::-1])


def test_contract(volumes):
    check_reader(Nifti, volumes, ["SMITH", "JOHN", "nii"])
    check_reader("nifti", volumes)


def test_only_slices_with_foreground_and_every_kth(volumes):
    everything = build(volumes, plugin={"slices": "all"})
    foreground = build(volumes)
    assert (len(everything.items), len(foreground.items)) == (54, 30)
    assert all(load_original(foreground, i).mask.labels.any() for i in foreground.items)
    third = build(volumes, plugin={"every": 3})
    assert len(third.items) == 12


def test_no_name_stands_in_the_index(volumes, tmp_path):
    (volumes / "split.csv").write_text(
        "stem,split\n"
        + "".join(f"SMITH_JOHN_{n},{'train' if n < 4 else 'val'}\n" for n in range(6))
    )
    index = build(volumes, groups=r"^(SMITH_JOHN_\d)")
    out = tmp_path / "saved"
    out.mkdir()
    index.save(out)
    stored = "".join(path.read_text() for path in out.iterdir()).replace(str(volumes), "")
    assert "SMITH" not in stored
    assert "nii" not in stored.replace("nifti", "")
    assert {item.split for item in index.items} == {"train", "val", "test"}
    assert len({item.group for item in index.items}) == 6
    again = DataIndex.load(out)
    assert load_original(again, again.items[0]).mask.labels.any()


def test_groups_are_patients_and_the_salt_changes_them(volumes, monkeypatch):
    for n in range(6):
        for kind, old in (
            ("images", f"imagesTr/SMITH_JOHN_{n}_0000"),
            ("labels", f"labelsTr/SMITH_JOHN_{n}"),
        ):
            new = volumes / f"bids/{kind}/sub-{n % 3}/scan{n}.nii.gz"
            new.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(volumes / f"{old}.nii.gz", new)
    groups = [item.group for item in build(volumes).items]
    assert len(set(groups)) == 3
    assert groups == [item.group for item in build(volumes).items]
    monkeypatch.setenv("MEDSYNTH_SALT", "another")
    assert not set(groups) & {item.group for item in build(volumes).items}


def test_windows(volumes):
    for n in range(6):
        path = volumes / f"imagesTr/SMITH_JOHN_{n}_0000.nii.gz"
        save(path, grey(n), cal_min=-50, cal_max=350)
    of_file = build(volumes)
    assert not any(note.code == "windowed" for note in of_file.notes)
    told = build(volumes, plugin={"window": [150, 400]})
    assert [i.image_sha256 for i in told.items] == [i.image_sha256 for i in of_file.items]
    scaled = build(volumes, plugin={"window": "percentile"})
    assert any(note.code == "windowed" for note in scaled.notes)
    assert load_original(scaled, scaled.items[0]).image.max() == 255


def test_names_of_classes_and_a_plain_layout(volumes):
    names = {"labels": {"background": 0, "liver": 1, "tumour": 2}}
    (volumes / "dataset.json").write_text(json.dumps(names))
    assert [c.name for c in build(volumes).classes] == ["background", "liver", "tumour"]


def test_a_folder_a_case(tmp_path):
    for n in range(3):
        save(tmp_path / f"case_{n}/imaging.nii", grey(n))
        save(tmp_path / f"case_{n}/segmentation.nii", labels(n))
    index = build(tmp_path)
    assert len({item.group for item in index.items}) == 3


def test_everything_wrong_is_told_at_once(volumes):
    path = volumes / "imagesTr/SMITH_JOHN_0_0000.nii.gz"
    save(path, np.zeros((20, 26, 9, 4), np.int16))
    save(volumes / "labelsTr/SMITH_JOHN_1.nii.gz", labels(1)[:, :, :8])
    moved = OBLIQUE.copy()
    moved[2, 3] += 3
    save(volumes / "labelsTr/SMITH_JOHN_2.nii.gz", labels(2), moved)
    save(volumes / "labelsTr/SMITH_JOHN_3.nii.gz", labels(3) * np.float32(0.5))
    truncated = volumes / "labelsTr/SMITH_JOHN_4.nii.gz"
    truncated.write_bytes(truncated.read_bytes()[:200])
    save(volumes / "labelsTr/SMITH_JOHN_5.nii", labels(5))
    save(volumes / "imagesTr/SMITH_JOHN_6_0000.nii", grey(6))
    save(volumes / "labelsTr/SMITH_JOHN_7.nii", labels(7))
    with pytest.raises(InputError) as caught:
        build(volumes)
    said = str(caught.value)
    for part in (
        "imagesTr/SMITH_JOHN_0_0000.nii.gz: it has 4 axes (20x26x9x4)",
        "labelsTr/SMITH_JOHN_1.nii.gz: it is 26x20x8 but its image is 26x20x9",
        "labelsTr/SMITH_JOHN_2.nii.gz: it lies up to 3 mm beside its image",
        "labelsTr/SMITH_JOHN_3.nii.gz: it holds fractions",
        "labelsTr/SMITH_JOHN_4.nii.gz: it is damaged or",
        "some files claim one case",
        "imagesTr/SMITH_JOHN_6_0000.nii: it has no labels",
        "labelsTr/SMITH_JOHN_7.nii: it has no image",
    ):
        assert part in said
    assert "data.plugin.nifti.on_bad=skip" in caught.value.tip


def test_bad_volumes_can_be_left_out_without_naming_them(volumes):
    save(volumes / "labelsTr/SMITH_JOHN_1.nii.gz", labels(1)[:, :, :8])
    index = build(volumes, plugin={"on_bad": "skip"})
    assert len({item.group for item in index.items}) == 5
    (note,) = [note for note in index.notes if note.code == "volume-grid"]
    assert "SMITH" not in note.examples[0]


def test_further_channels_are_told_by_hidden_names(volumes):
    save(volumes / "imagesTr/SMITH_JOHN_0_0001.nii.gz", grey(1))
    (note,) = [n for n in build(volumes).notes if n.code == "channel-not-read"]
    assert note.examples[0].startswith("nifti-")


def test_scaled_volumes_are_read_alike_zipped_or_not(tmp_path):
    image = nib.Nifti1Image(grey(0), OBLIQUE)
    image.header.set_slope_inter(0.1, -3)
    pairs = []
    for name in ("a.nii", "a.nii.gz"):
        nib.save(image, tmp_path / name)
        pairs.append(Volume(tmp_path / name).plane("LPS", 4))
    assert np.array_equal(*pairs)
    assert pairs[0].dtype.kind == "f"


def test_a_truncated_image_is_told_by_its_slices(volumes):
    path = volumes / "imagesTr/SMITH_JOHN_0_0000.nii.gz"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"images cannot be read \(5: nifti-.* truncated"):
        build(volumes)


def test_a_changed_or_moved_volume_is_noticed(volumes):
    index = build(volumes)
    path = volumes / "imagesTr/SMITH_JOHN_5_0000.nii.gz"
    save(path, grey(99))
    with pytest.raises(InputError, match="has changed since the fit"):
        load_all(index)
    path.unlink()
    with pytest.raises(InputError, match="no file is called nifti-"):
        load_all(index)


def test_wrong_options(volumes):
    with pytest.raises(UsageError, match="did you mean 'axis'"):
        build(volumes, plugin={"axes": "axial"})
    with pytest.raises(UsageError, match="greater than 0"):
        build(volumes, plugin={"window": [0, 0]})


def test_what_nibabel_ships(tmp_path):
    for n in range(3):
        shutil.copy(SHIPPED / "anatomical.nii", tmp_path / f"scan{n}.nii")
        image = nib.load(SHIPPED / "anatomical.nii")
        values = np.asanyarray(image.dataobj)
        save(tmp_path / f"scan{n}_seg.nii.gz", (values > 20000 + n).astype(np.uint8), image.affine)
    index = build(tmp_path)
    assert index.items
    assert index.items[0].spacing_mm is not None
    with pytest.raises(ValueError, match="4 axes"):
        Volume(SHIPPED / "example4d.nii.gz")
    with pytest.raises(ValueError, match="4 axes"):
        Volume(SHIPPED / "functional.nii")
    standard = Volume(SHIPPED / "standard.nii.gz")
    assert standard.shape_in(VIEWS["axial"])[2] == standard.shape[2]


def test_an_unzipped_volume_is_read_a_plane_at_a_time(tmp_path):
    path = save(tmp_path / "a.nii", grey(0))
    zipped = save(tmp_path / "b.nii.gz", grey(0))
    for view in VIEWS.values():
        for k in (0, 3):
            assert np.array_equal(Volume(path).plane(view, k), Volume(zipped).plane(view, k))
