"""DICOM series become slices with a DICOM-SEG's masks or a label volume's; faults are told."""

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from medsynth_medical_io.dicom_faults import missing_decoder, series_faults
from medsynth_medical_io.dicom_header import read_header
from medsynth_medical_io.dicom_pixels import read_slice
from medsynth_medical_io.dicom_seg import read_segmentation
from medsynth_medical_io.dicom_series import stack
from medsynth_medical_io.frames import image_frame

from medsynth.core.errors import InputError
from medsynth.data.array_bytes import parse_array
from medsynth.data.index import build_index
from medsynth.data.load import load_original
from medsynth.data.options import DataOptions
from medsynth.data.raster import UnreadableError
from medsynth.testing import check_reader

from .conftest import save
from .dicom_files import segmentation, series

SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"
SHAPE = (7, 20, 30)


def grey(seed):
    rng = np.random.default_rng(seed)
    return rng.integers(-100, 400, SHAPE).astype(np.int16)


def tumour(seed):
    out = np.zeros(SHAPE, bool)
    out[2:5, 4 : 9 + seed, 6:20] = True
    return out


def liver(seed):
    out = np.zeros(SHAPE, bool)
    out[1:6, 2:18, 3:27] = True
    return out & ~tumour(seed)


def build(root, plugin=None, **options):
    return build_index(
        root, DataOptions(size=16, plugin={"dicom": plugin or {}}, **options), seed=0
    )


@pytest.fixture
def studies(tmp_path):
    """Three patients with a CT and a DICOM-SEG each; "Tumour" is segment 1 of some, 2 of others."""
    for n in range(3):
        folder = tmp_path / f"Smith_John_{n}"
        slices = series(folder / "CT", grey(n), f"SMITH-{n}")
        parts = {"Tumour": tumour(n), "Liver": liver(n)}
        if n == 1:
            parts = dict(reversed(parts.items()))
        segmentation(folder / "seg.dcm", slices, parts, by="place" if n == 2 else "source")
    return tmp_path


def truth(n):
    return (liver(n) + 2 * tumour(n)).astype(np.uint8)


def by_volume(index):
    """Return the items of each patient's volume, in the order of slices."""
    found = {}
    for item in index.items:
        found.setdefault(item.attributes["volume"], []).append(item)
    return found


def test_slices_masks_windows_and_spacing(studies):
    index = build(studies, {"slices": "all"})
    assert index.reader == "dicom"
    assert [c.name for c in index.classes] == ["background", "Liver", "Tumour"]
    volumes = by_volume(index)
    assert [len(items) for items in volumes.values()] == [7, 7, 7]
    shown = [np.clip((grey(n) - 1000 + 900 + 0.5) / 399 + 0.5, 0, 1) for n in range(3)]
    seen = set()
    for items in volumes.values():
        samples = [load_original(index, item) for item in items]
        image = np.stack([sample.image[..., 0] for sample in samples])
        (n,) = [n for n in range(3) if np.array_equal(image, np.rint(255 * shown[n]))]
        assert np.array_equal(np.stack([s.mask.labels for s in samples]), truth(n))
        seen.add(n)
    assert seen == {0, 1, 2}
    assert {item.spacing_mm for item in index.items} == {(0.5, 0.75)}
    assert len({item.group for item in index.items}) == 3


def test_contract(studies):
    check_reader("dicom", studies, ["smith", "john", "19700101", "20200202", "1.2.8", "dcm"])


def test_foreground_alone_and_another_window(studies):
    index = build(studies, {"window": [-900, 10000], "every": 2})
    assert len(index.items) == 9
    assert all(load_original(index, item).mask.labels.any() for item in index.items)
    assert any(note.code == "windowed" for note in build(studies, {"window": "percentile"}).notes)


def test_nothing_of_a_patient_stands_in_the_index(studies, tmp_path):
    index = build(studies)
    out = tmp_path / "saved"
    out.mkdir()
    index.save(out)
    stored = "".join(path.read_text() for path in out.iterdir()).replace(str(studies), "").lower()
    for secret in ("smith", "john", "19700101", "20200202", "1.2.8", "dcm"):
        assert secret not in stored
    for path in studies.rglob("*.dcm"):
        data = pydicom.dcmread(path)
        assert str(data.SOPInstanceUID) not in stored
        assert str(data.SeriesInstanceUID) not in stored


def test_series_of_one_patient_are_one_group(studies):
    slices = series(studies / "more", grey(9), "SMITH-0")
    segmentation(studies / "more/seg.dcm", slices, {"Liver": liver(0)})
    index = build(studies)
    assert len(by_volume(index)) == 4
    assert len({item.group for item in index.items}) == 3


def test_a_label_volume_on_the_series_grid(tmp_path):
    sagittal = [0, 1, 0, 0, 0, -1]
    for n in range(3):
        folder = tmp_path / f"s{n}"
        series(folder, grey(n), f"P{n}", directions=sagittal)
        # As other tools write it: RAS axes, so slices run the other way and axes are swapped.
        lps = np.eye(4)
        lps[:3, 0], lps[:3, 1], lps[:3, 2] = [0, 0.75, 0], [0, 0, -0.5], [-2.5, 0, 0]
        ras = np.diag([-1.0, -1, 1, 1]) @ lps
        voxels = np.moveaxis(truth(n), 0, 2).swapaxes(0, 1)  # (W, H, K)
        other = ras @ np.array([[0, 0, 1, 0], [0, -1, 0, SHAPE[1] - 1], [1, 0, 0, 0], [0, 0, 0, 1]])
        save(folder / "labels.nii.gz", voxels[:, ::-1].transpose(2, 1, 0), other)
    index = build(tmp_path, {"slices": "all"})
    for items in by_volume(index).values():
        found = np.stack([load_original(index, item).mask.labels for item in items])
        assert any(np.array_equal(found, truth(n)) for n in range(3))


def test_a_fractional_segmentation_is_cut_at_half(tmp_path):
    for n in range(2):
        slices = series(tmp_path / f"{n}", grey(n), f"P{n}")
        segmentation(tmp_path / f"{n}/seg.dcm", slices, {"Liver": liver(n)}, fractional=True)
    index = build(tmp_path)
    for items in by_volume(index).values():
        found = np.stack([load_original(index, item).mask.labels for item in items])
        assert any(np.array_equal(found, liver(n)[1:6]) for n in range(2))


def test_everything_wrong_is_told_at_once(studies):
    root = studies
    for name, changed in {
        "gap": {"ImagePositionPatient": {k: [0, 0, 2.5 * k + 5 * (k > 3)] for k in range(7)}},
        "twice": {"ImagePositionPatient": {3: [0, 0, 5.0]}},
        "turned": {"ImageOrientationPatient": {3: [1, 0, 0, 0, 0, 1]}},
        "patients": {"PatientID": {3: "JONES"}},
    }.items():
        patient = changed.pop("PatientID", None)
        slices = series(root / name, grey(1), f"P-{name}")
        for data, path in zip(slices, _paths(root / name), strict=True):
            for tag, values in changed.items():
                if (k := slices.index(data)) in values:
                    setattr(data, tag, values[k])
            if patient and slices.index(data) == 3:
                data.PatientID = "JONES"
            data.save_as(path)
        segmentation(root / name / "seg.dcm", slices, {"Liver": liver(0)})
    wrong = series(root / "size", grey(1), "P-size")
    segmentation(root / "size/seg.dcm", wrong, {"Liver": liver(0)[:, :10]})
    map_ = series(root / "type", grey(1), "P-type")
    path = segmentation(root / "type/seg.dcm", map_, {"Liver": liver(0)})
    data = pydicom.dcmread(path)
    data.SegmentationType = "LABELMAP"
    data.save_as(path)
    two = series(root / "two", grey(1), "P-two")
    segmentation(root / "two/seg1.dcm", two, {"Liver": liver(0)})
    segmentation(root / "two/seg2.dcm", two, {"Liver": liver(0)})
    with pytest.raises(InputError) as caught:
        build(root)
    said = str(caught.value)
    for part in (
        "7.5 mm before the next slice, where others are 2.5 mm apart",
        "two of its slices are at one place",
        "its slices do not lie parallel",
        "its slices are of several patients",
        "size/seg.dcm: it is 30x10 but its series is 30x20",
        "type/seg.dcm: its type is LABELMAP, not BINARY or FRACTIONAL",
        "two/seg2.dcm: another file labels its series, too",
    ):
        assert part in said
    index = build(root, {"on_bad": "skip"})
    assert len(by_volume(index)) == 3
    assert "dcm" not in str([note.examples for note in index.notes])


def _paths(folder):
    """Return the files of `series` in the order of slices."""
    found = {pydicom.dcmread(path).InstanceNumber: path for path in folder.glob("IM*.dcm")}
    return [found[k] for k in sorted(found)]


def header(name):
    return read_header(SHIPPED, Path(name))[1]


def faults(*names):
    return [(code, text) for code, _, text in series_faults(stack([header(n) for n in names]))]


def test_series_that_pydicom_ships():
    home = "dicomdirtests/98892001/CT5N"
    five = stack([header(f"{home}/{path.name}") for path in (SHIPPED / home).iterdir()])
    assert [round(h.position[2], 4) for h in five.slices] == [
        -1.2375,
        1.2625,
        3.7625,
        6.2625,
        8.7625,
    ]
    assert not list(series_faults(five))
    home = "dicomdirtests/77654033/CT2"
    gaps = faults(*(f"{home}/{path.name}" for path in (SHIPPED / home).iterdir()))
    assert [code for code, _ in gaps] == ["series-gap"]
    assert "202.5 mm before the next slice" in gaps[0][1]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("examples_ybr_color.dcm", "dicom-frames", "it holds 30 frames"),
        ("examples_palette.dcm", "dicom-pixels", "it is PALETTE COLOR of 8 bits"),
        ("SC_rgb_rle_16bit.dcm", "dicom-pixels", "it is RGB of 16 bits"),
        ("rtdose_rle.dcm", "dicom-frames", "it holds 15 frames"),
    ],
)
def test_files_that_are_told(name, code, said):
    assert (code, said) in faults(name)


def test_a_missing_decoder_is_named():
    if (said := missing_decoder(header("MR_small_jpeg_ls_lossless.dcm"))) is None:
        pytest.skip("a decoder for JPEG-LS is installed here")
    assert said.startswith("JPEG-LS Lossless Image Compression needs ")
    assert "pyjpegls" in said
    assert missing_decoder(header("MR_small_RLE.dcm")) is None


def test_byte_orders_and_compressions_give_one_picture():
    first, _ = read_slice(SHIPPED / "MR_small.dcm")
    for name in ("MR_small_bigendian", "MR_small_RLE", "MR_small_implicit"):
        assert np.array_equal(read_slice(SHIPPED / f"{name}.dcm")[0], first)


def test_high_values_are_white_whatever_the_file_says():
    path = SHIPPED / "dicomdirtests/77654033/CR1/6154"
    values, inverted = read_slice(path)
    assert inverted
    window = str(read_header(SHIPPED, path)[1].window)
    for kind in (window, "raw"):
        shown = parse_array(image_frame(values, kind, inverted=True)).astype(int)
        assert (np.diff(shown.ravel()[np.argsort(values, axis=None, kind="stable")]) <= 0).all()
        assert len(np.unique(shown)) > 1


def test_colour_ultrasound_and_a_truncated_file():
    pixels, _ = read_slice(SHIPPED / "examples_rgb_color.dcm")
    assert (pixels.shape, pixels.dtype) == ((240, 320, 3), np.uint8)
    with pytest.raises(UnreadableError, match="damaged or truncated"):
        read_slice(SHIPPED / "MR_truncated.dcm")


@pytest.mark.parametrize("name", ["liver_1frame.dcm", "liver_expb_1frame.dcm"])
def test_the_segmentation_that_pydicom_ships(name):
    seg = read_segmentation(SHIPPED / name)
    assert seg.hw == (512, 512)
    assert list(seg.labels.values()) == ["Liver"]
    assert len(seg.sources()) >= 1


def test_a_series_without_any_mask(tmp_path):
    shutil.copytree(SHIPPED / "dicomdirtests/98892001/CT5N", tmp_path / "CT5N")
    with pytest.raises(InputError, match="series have no mask"):
        build(tmp_path)
