"""Every format, depth and damage: read right, or told in a sentence."""

import contextlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from medsynth.core.errors import InputError
from medsynth.data.index import build_index
from medsynth.data.load import load_original
from medsynth.data.options import DataOptions
from medsynth.data.raster import UnreadableError
from medsynth.data.reading import decode

from .conftest import blob, picture, save


def build(root, **options):
    return build_index(root, DataOptions(size=32, **options), seed=0)


def codes(index):
    return {note.code: note.count for note in index.notes}


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_pictures_come_as_they_are(make_pairs, suffix, channels):
    root = make_pairs(3, image="images/p{i}." + suffix, channels=channels)
    index = build(root)
    assert index.channels == channels
    wanted = picture(1, channels=channels)
    got = load_original(index, index.items[1]).image
    assert np.array_equal(got, wanted if channels == 3 else wanted[..., None])


def test_jpeg_is_near(make_pairs):
    index = build(make_pairs(3, image="images/p{i}.jpg"))
    got = load_original(index, index.items[1]).image.astype(int)
    assert abs(got - picture(1)).mean() < 12


def test_grey_saved_as_rgb_stays_grey_and_a_mixed_set_is_rgb(make_pairs):
    root = make_pairs(3, channels=1)
    save(root / "images/p1.png", np.repeat(picture(1, channels=1)[..., None], 3, axis=2))
    assert build(root).channels == 1
    assert build(root, colour="rgb").channels == 3
    save(root / "images/p2.png", picture(2))
    index = build(root)
    assert index.channels == 3
    assert load_original(index, index.items[0]).image.shape == (48, 64, 3)
    grey = build(root, colour="grey")
    luma = np.asarray(Image.fromarray(picture(2)).convert("L")).astype(int)
    assert abs(load_original(grey, grey.items[2]).image[..., 0] - luma).max() <= 1


def test_alpha_is_stripped_and_palettes_unfold(make_pairs):
    root = make_pairs(4)
    alpha = np.full((48, 64, 1), 9, np.uint8)
    save(root / "images/p0.png", np.concatenate([picture(0), alpha], axis=2))
    Image.fromarray(picture(1)).quantize(64).save(root / "images/p1.png")
    index = build(root)
    assert np.array_equal(load_original(index, index.items[0]).image, picture(0))
    assert codes(index)["alpha-image"] == 1
    assert codes(index)["palette-image"] == 1


@pytest.mark.parametrize("kind", ["png16", "png16rgb", "tiff16", "tiff16rgb", "float", "int32"])
def test_deep_images_are_windowed_and_counted(make_pairs, kind):
    root = make_pairs(3, channels=1)
    (root / "images/p0.png").unlink()
    deep = (picture(0, channels=3).astype(np.uint16) * 200) + 77
    path = root / "images/p0.tif"
    if kind == "png16":
        Image.fromarray(deep[..., 0]).save(root / "images/p0.png")
    elif kind == "png16rgb":
        import cv2

        cv2.imwrite(str(root / "images/p0.png"), deep[..., ::-1])
    elif kind == "tiff16":
        tifffile.imwrite(path, deep[..., 0])
    elif kind == "tiff16rgb":
        tifffile.imwrite(path, deep, photometric="rgb")
    elif kind == "float":
        tifffile.imwrite(path, deep[..., 0].astype(np.float32) / 7)
    else:
        tifffile.imwrite(path, deep[..., 0].astype(np.int32))
    index = build(root)
    assert codes(index)["windowed"] == 1
    assert codes(index)["clipped"] == 1
    got = load_original(index, index.items[0]).image
    assert index.channels == (3 if "rgb" in kind else 1)
    shade = picture(0)[..., : index.channels].astype(float)
    assert got.min() == 0
    assert got.max() == 255
    assert np.corrcoef(got.ravel(), shade.ravel())[0, 1] > 0.99
    unclipped = build(root, window=(0, 100))
    assert "clipped" not in codes(unclipped)


def test_exif_orientation_is_honoured(make_pairs):
    root = make_pairs(3, image="images/p{i}.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(picture(0))).save(root / "images/p0.jpg", exif=exif, quality=98)
    index = build(root)
    assert index.items[0].source_hw == (48, 64)
    assert abs(load_original(index, index.items[0]).image.astype(int) - picture(0)).mean() < 8
    assert codes(index)["rotated-image"] == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_is_turned_alike_by_both_decoders(orientation):
    import io

    from medsynth.data.deep_reading import TURNS

    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="PNG", exif=exif)
    assert np.array_equal(decode(buffer.getvalue()).pixels, TURNS[orientation](array))


def test_cmyk_and_pages_are_told(make_pairs):
    root = make_pairs(3)
    (root / "images/p0.png").unlink()
    Image.fromarray(picture(0)).convert("CMYK").save(root / "images/p0.jpg")
    (root / "images/p1.png").unlink()
    frames = [Image.fromarray(picture(i)) for i in (1, 7, 8)]
    frames[0].save(root / "images/p1.tif", save_all=True, append_images=frames[1:])
    index = build(root)
    assert codes(index)["cmyk-image"] == 1
    assert codes(index)["pages-image"] == 1
    assert np.array_equal(load_original(index, index.items[1]).image, picture(1))


def test_nan_is_told(make_pairs):
    root = make_pairs(3, channels=1)
    (root / "images/p0.png").unlink()
    array = picture(0, channels=1).astype(np.float32)
    array[3, 3] = np.nan
    tifffile.imwrite(root / "images/p0.tif", array)
    assert codes(build(root))["not-finite-image"] == 1


def test_forty_bad_pairs_give_one_report(make_pairs):
    root = make_pairs(50)
    for i in range(10):
        (root / f"images/p{i}.png").write_bytes(b"")
    for i in range(10, 20):
        path = root / f"images/p{i}.png"
        path.write_bytes(path.read_bytes()[:300])
    for i in range(20, 30):
        save(root / f"masks/p{i}.png", blob(i, (24, 32)))
    for i in range(30, 40):
        (root / f"masks/p{i}.png").unlink()
    with pytest.raises(InputError) as caught:
        build(root)
    text = caught.value.what
    assert "has 3 kinds of problem:\n" in text
    assert "some images cannot be read (20: images/p0.png: it is empty (0 bytes)" in text
    assert "images/p20.png is 64x48 but masks/p20.png is 32x24" in text
    assert "some images have no mask (10: " in text
    assert "on_mismatch=skip" in caught.value.tip
    assert f"See everything with: medsynth doctor {root}" in caught.value.tip
    index = build(root, on_mismatch="skip")
    assert len(index.items) == 10
    assert codes(index)["size-mismatch"] == 10


def test_bombs_and_strangers_are_refused(tmp_path):
    with pytest.raises(UnreadableError, match="no PNG, JPEG, BMP or TIFF"):
        decode(b"GIF89a" + bytes(50))
    header = bytearray(save(tmp_path / "a.png", blob(0)).read_bytes())
    header[16:24] = (60000).to_bytes(4, "big") * 2
    import zlib

    header[29:33] = zlib.crc32(bytes(header[12:29])).to_bytes(4, "big")
    with pytest.raises(UnreadableError, match="60000x60000, more than 100 megapixels"):
        decode(bytes(header))


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif"])
def test_any_truncation_is_a_sentence(tmp_path, suffix):
    data = save(tmp_path / f"a.{suffix}", picture(0)).read_bytes()
    for end in [1, 4, 9, 20, 30, 60, len(data) // 4, len(data) // 2]:
        with pytest.raises(UnreadableError):
            decode(data[:end])


def test_any_damage_is_a_sentence_or_a_picture(tmp_path):
    rng = np.random.default_rng(0)
    for suffix in ("png", "jpg", "bmp", "tif"):
        data = save(tmp_path / f"a.{suffix}", picture(0)).read_bytes()
        for _ in range(40):
            damaged = bytearray(data)
            for at in rng.integers(0, min(len(data), 400), 4):
                damaged[at] = rng.integers(0, 256)
            with contextlib.suppress(UnreadableError):
                assert decode(bytes(damaged)).pixels.ndim in (2, 3)


def test_misnamed_files_are_read_as_what_they_are(make_pairs):
    root = make_pairs(3)
    Image.fromarray(picture(0)).save(root / "images/p0.png", format="BMP")
    index = build(root)
    assert np.array_equal(load_original(index, index.items[0]).image, picture(0))
