"""Steps stored today give the same masks tomorrow: lineage depends on it.

Regenerate after a wanted change, which breaks old plans and needs a line in the changelog:
MEDSYNTH_REGENERATE_GOLDEN=1 pytest tests/masks/test_golden.py
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from medsynth.core.seeds import generator
from medsynth.core.types import Mask
from medsynth.io.images import read_png, write_png
from medsynth.masks.operators import PERTURBATIONS
from medsynth.masks.perturbation import DrawContext, Step
from medsynth.testing import corner_masks

GOLDEN = Path(__file__).parent / "golden"
BUILT_IN = [
    "affine", "blend", "contour-noise", "copy-paste", "cut", "elastic", "flip", "grow",
    "shape-model", "smooth",
]  # fmt: skip


def sources() -> dict[str, Mask]:
    nested = corner_masks()["nested-instances"]
    turned = Mask(nested.labels[::-1].copy(), nested.instances[::-1].copy())
    return {"here": nested, "donor": turned, "other": pear()}


def pear() -> Mask:
    """A cell of an outline unlike that of the others, with its nucleus."""
    y, x = np.mgrid[:24, :32]
    labels = ((np.hypot(y - 9, x - 12) < 6) | (np.hypot(y - 15, x - 17) < 3.5)).astype(np.uint8)
    labels[np.hypot(y - 9, x - 12) < 3] = 2
    return Mask(labels, labels.astype(np.uint16))


def regenerate(name: str) -> None:
    found = sources()
    context = DrawContext(found["here"], "here", found, sorted(found), {2: 1})
    operator = PERTURBATIONS.get(name)()
    for seed in range(100):
        step = operator.draw(generator(seed, "golden", name), context)
        mask = operator.apply(found["here"], step, found)
        if not mask.same_as(found["here"]):
            break
    GOLDEN.mkdir(exist_ok=True)
    (GOLDEN / f"{name}.json").write_text(json.dumps(step.to_json()) + "\n")
    write_png(GOLDEN / f"{name}-labels.png", mask.labels)
    write_png(GOLDEN / f"{name}-instances.png", mask.instances)


@pytest.mark.parametrize("name", BUILT_IN)
def test_stored_steps_give_the_stored_masks(name: str) -> None:
    if os.environ.get("MEDSYNTH_REGENERATE_GOLDEN"):
        regenerate(name)
    step = Step.from_json(json.loads((GOLDEN / f"{name}.json").read_text()))
    found = sources()
    mask = PERTURBATIONS.get(name)().apply(found["here"], step, found)
    np.testing.assert_array_equal(mask.labels, read_png(GOLDEN / f"{name}-labels.png"))
    np.testing.assert_array_equal(mask.instances, read_png(GOLDEN / f"{name}-instances.png"))
    assert not mask.same_as(found["here"])
