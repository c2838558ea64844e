import numpy as np
import pytest

from medsynth.core.types import Mask


def cells(seed: int, with_instances: bool, height: int = 48, width: int = 64) -> Mask:
    """A few round cells (class 1) with nuclei (class 2) that do not touch one another."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    labels = np.zeros((height, width), np.uint8)
    instances = np.zeros((height, width), np.uint16)
    for k, (row, col) in enumerate([(12, 14), (13, 46), (34, 30)][: rng.integers(1, 4)]):
        radius = rng.uniform(5, 9)
        away = np.hypot(y - row - rng.uniform(-2, 2), x - col - rng.uniform(-2, 2))
        labels[away < radius], instances[away < radius] = 1, 2 * k + 1
        labels[away < radius / 2], instances[away < radius / 2] = 2, 2 * k + 2
    return Mask(labels, instances if with_instances else None)


@pytest.fixture(params=[False, True], ids=["labels", "instances"])
def sources(request: pytest.FixtureRequest) -> dict[str, Mask]:
    return {f"case-{seed}": cells(seed, request.param) for seed in range(7)}
