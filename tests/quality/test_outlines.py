"""HD95 is MONAI's."""

import warnings

import numpy as np
import pytest
import torch
from skimage.filters import gaussian

from medsynth.quality.outlines import hausdorff95_px
from medsynth.quality.proof.agreement import hausdorff95


def masks(seed, count, size):
    """Return (count, size, size) bool: pieces of any shape, at the picture's edge too."""
    noise = np.random.default_rng(seed).normal(size=(count, size, size))
    smooth = np.stack([gaussian(each, size / 12) for each in noise])
    return smooth > np.quantile(smooth, 0.8, (1, 2), keepdims=True)


def by_monai(a, b):
    from monai.metrics import compute_hausdorff_distance

    one_hot = [torch.from_numpy(each[:, None].astype(np.float32)) for each in (a, b)]
    with warnings.catch_warnings():  # MONAI 1.6 calls what it deprecates itself
        warnings.simplefilter("ignore", FutureWarning)
        return compute_hausdorff_distance(*one_hot, include_background=True, percentile=95)[:, 0]


@pytest.mark.parametrize("size", [17, 64])
def test_it_is_monais(size):
    a, b = masks(0, 12, size), masks(1, 12, size)
    a[0], b[1] = False, True
    a[0, 3, 5] = True  # a single pixel against many, and a mask that fills the picture
    found = [hausdorff95_px(x, y) for x, y in zip(a, b, strict=True)]
    expected = by_monai(a, b)
    assert found == pytest.approx(expected.tolist(), abs=1e-3)


def test_where_one_mask_is_empty_it_is_the_diagonal():
    a, b = masks(0, 2, 17), masks(1, 2, 17)
    a[0] = False
    assert hausdorff95(a, b)[0] == pytest.approx(np.hypot(17, 17))
