"""The copy detector: copies of all kinds are found, look-alikes are not, and it says of what."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.quality.copies import COPY_SCORE, CopyDetector


def textures(count, seed, px=96, channels=3):
    """Return (count, px, px, channels) uint8 images that share their coarse lightness."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:px, :px] / px
    shared = 60 * np.exp(-((x - 0.5) ** 2 + (y - 0.5) ** 2) * 8)
    noise = rng.normal(size=(count, px, px, channels))
    blurred = np.stack([cv2.GaussianBlur(n, (0, 0), 2.5).reshape(px, px, channels) for n in noise])
    return np.clip(90 + shared[..., None] + 250 * blurred, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module", params=[3, 1], ids=["RGB", "grey"])
def originals(request):
    return textures(40, 0, channels=request.param)


@pytest.fixture(scope="module")
def detector(originals):
    return CopyDetector().fit(originals)


def cropped(image, rng, side=0.8):
    px = image.shape[0]
    part = int(np.ceil(px * side))
    y, x = rng.integers(0, px - part + 1, 2)
    resized = cv2.resize(image[y : y + part, x : x + part], (px, px))
    return resized.reshape(image.shape)


def encoded(image, quality):
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED).reshape(image.shape)


COPIES = {
    "as it is": lambda image, _: image,
    "mirrored": lambda image, _: image[:, ::-1],
    "upside down": lambda image, _: image[::-1],
    "turned": lambda image, _: np.rot90(image),
    "cropped": cropped,
    "cropped less": lambda image, rng: cropped(image, rng, 0.91),
    "JPEG at 50": lambda image, _: encoded(image, 50),
    "brighter": lambda image, _: (image * 0.7 + 60).astype(np.uint8),
    "blurred": lambda image, _: cv2.GaussianBlur(image, (0, 0), 1).reshape(image.shape),
    "all at once": lambda image, rng: encoded(np.ascontiguousarray(cropped(image[::-1], rng)), 50),
}


@pytest.mark.parametrize("kind", COPIES)
def test_copies_are_found_with_their_originals(originals, detector, kind):
    rng = np.random.default_rng(1)
    copies = np.stack([COPIES[kind](image, rng) for image in originals])
    scores, found = detector.score(copies)
    assert (found == np.arange(len(originals))).mean() >= 0.97
    assert (scores >= COPY_SCORE).mean() >= 0.97


def test_look_alikes_are_not(originals, detector):
    scores, found = detector.score(textures(40, 1, channels=originals.shape[-1]))
    assert scores.max() < 0.6
    assert ((found >= 0) & (found < len(originals))).all()


@given(st.integers(0, 10**6), st.sampled_from([0, 7, 128, 255]))
def test_an_exact_copy_scores_one_whatever_it_shows(seed, level):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (3, 20, 30, 1), np.uint8)
    images[1] = level
    scores, found = CopyDetector().fit(images).score(images[::-1, :, ::-1, 0])
    assert scores.tolist() == [1, 1, 1]
    assert found.tolist() == [2, 1, 0]


def test_flat_images_are_like_nothing(detector):
    scores, _ = detector.score(np.full((1, 50, 50, 1), 9, np.uint8))
    assert scores.tolist() == [0]


def test_the_own_group_does_not_count():
    images = textures(6, 0)
    images[3] = images[0]
    groups = ["a", "a", "a", "b", "b", "b"]
    detector = CopyDetector().fit(images, groups)
    scores, found = detector.score(images, groups)
    assert found[[0, 3]].tolist() == [3, 0]
    assert scores[[0, 3]].tolist() == [1, 1]
    assert max(scores[[1, 2, 4, 5]]) < COPY_SCORE
    alone = CopyDetector().fit(images, ["a"] * 6).score(images, ["a"] * 6)
    assert [part.tolist() for part in alone] == [[0] * 6, [-1] * 6]


def test_many_images_come_out_as_one_by_one(originals, detector):
    images = np.concatenate([textures(30, 2, channels=originals.shape[-1]), originals[:5, ::-1]])
    together, found = detector.score(image for image in images)
    single = [detector.score(image[None]) for image in images]
    assert np.allclose(together, [score[0] for score, _ in single], atol=1e-6)
    assert found.tolist() == [one[0] for _, one in single]


def test_what_cannot_be_fitted_or_scored():
    with pytest.raises(ValueError, match="one for each"):
        CopyDetector().fit([])
    with pytest.raises(ValueError, match="one for each"):
        CopyDetector().fit(textures(2, 0), ["a"])
    with pytest.raises(ValueError, match="not known"):
        CopyDetector().fit(textures(2, 0)).score(textures(2, 0), ["a", "b"])
    scores, found = CopyDetector().fit(textures(2, 0)).score([])
    assert scores.shape == found.shape == (0,)


def test_a_like_mask_is_no_copy_where_masks_are_known():
    """Two drawings of one layout agree in every outline; their textures do not."""
    rng = np.random.default_rng(3)
    labels = np.zeros((12, 96, 96), np.uint8)
    for mask in labels:
        for row, column in rng.integers(8, 88, (9, 2)):
            cv2.circle(mask, (int(column), int(row)), 6, 1, -1)

    def drawn(mask, seed):
        own = np.random.default_rng(seed)
        texture = cv2.GaussianBlur(own.normal(0, 1, mask.shape).astype(np.float32), (0, 0), 2)
        return np.clip(150 + 40 * texture - 70 * mask, 0, 255).astype(np.uint8)[..., None]

    originals = np.stack([drawn(mask, k) for k, mask in enumerate(labels)])
    again = np.stack([drawn(mask, 100 + k) for k, mask in enumerate(labels)])
    plain, found = CopyDetector().fit(originals).score(again)
    assert found.tolist() == list(range(12))
    assert plain.min() > 0.5  # the layout gives them away
    knowing = CopyDetector().fit(originals, labels=labels)
    assert knowing.score(again, labels=labels)[0].max() < 0.4
    flipped = np.ascontiguousarray(originals[:, :, ::-1])
    encoded = [cv2.imdecode(cv2.imencode(".jpg", i, [1, 50])[1], 0)[..., None] for i in flipped]
    copies, found = knowing.score(np.stack(encoded), labels=labels[:, :, ::-1])
    assert found.tolist() == list(range(12))
    assert copies.min() > 0.7
