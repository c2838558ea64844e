"""Copy-paste: objects come with their pixels, and leave no seam."""

import numpy as np
import pytest

from medsynth.training.copy_paste import paste_objects


@pytest.mark.parametrize("channels", [1, 3])
def test_what_touches_its_frame_is_pasted_without_a_dark_seam(channels):
    images = np.full((8, 48, 48, channels), 200, np.uint8)
    labels = np.zeros((8, 48, 48), np.uint8)
    labels[:, 16:32, :12] = 1
    moved = 0
    for seed in range(10):
        pasted, masks = paste_objects(images, labels, np.random.default_rng(seed))
        assert np.array_equal(pasted, images)
        moved += int((masks != labels).sum())
    assert moved > 1000
