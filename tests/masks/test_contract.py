"""Every registered perturbation keeps the contract, on corner masks and on random ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import label

from medsynth.core.types import Mask
from medsynth.masks.operators import PERTURBATIONS
from medsynth.testing import check_perturbation, corner_masks

sides = st.integers(1, 20)


def with_instances(labels: np.ndarray) -> Mask:
    instances = np.zeros(labels.shape, np.uint16)
    for value in np.unique(labels[labels > 0]):
        pieces, _ = label(labels == value)
        instances[pieces > 0] = pieces[pieces > 0] + instances.max()
    return Mask(labels, instances)


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    values = st.sampled_from(draw(st.sampled_from([[0], [1], [0, 1], [0, 1, 2], [0, 255]])))
    labels = draw(arrays(np.uint8, st.tuples(sides, sides), elements=values))
    return with_instances(labels) if draw(st.booleans()) else Mask(labels)


@pytest.mark.parametrize("name", PERTURBATIONS.names())
def test_corners(name: str) -> None:
    check_perturbation(PERTURBATIONS.get(name))


@pytest.mark.parametrize("name", PERTURBATIONS.names())
@given(found=st.lists(masks(), min_size=1, max_size=3), seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_random_masks(name: str, found: list[Mask], seed: int) -> None:
    check_perturbation(
        PERTURBATIONS.get(name), {str(k): mask for k, mask in enumerate(found)}, seeds=[seed]
    )


@pytest.mark.parametrize("name", PERTURBATIONS.names())
def test_name_is_the_registered_one(name: str) -> None:
    assert PERTURBATIONS.get(name).name == name


def test_wildest_options() -> None:
    from medsynth.masks.affine import Affine, AffineOptions
    from medsynth.masks.copy_paste import CopyPaste, CopyPasteOptions
    from medsynth.masks.elastic import Elastic, ElasticOptions

    wild = AffineOptions(
        max_rotation_deg=180, max_scale_change=4, max_anisotropy=4, max_shear_deg=60,
        max_shift_fraction=1, outside="background",
    )  # fmt: skip
    check_perturbation(Affine, options=[wild, wild.model_copy(update={"outside": "mirror"})])
    check_perturbation(
        Elastic,
        options=[
            ElasticOptions(grid_intervals=1, max_shift_of_spacing=0.48, outside="background"),
            ElasticOptions(grid_intervals=32, max_shift_of_spacing=0.48),
        ],
    )
    crowded = CopyPasteOptions(
        max_objects=5, max_scale_change=4, max_overlap_fraction=1, allow_cut_objects=True
    )
    check_perturbation(CopyPaste, options=[crowded])


class Liar:
    """A perturbation that breaks the contract in the way asked for."""

    from medsynth.masks.perturbation import PerturbationOptions as options_type

    name = "liar"
    how = ""

    def __init__(self, options=None) -> None:
        self.options = options or self.options_type()

    def draw(self, rng, context):
        from medsynth.masks.perturbation import Step

        params = {"by": float(rng.random())}
        if self.how == "unseeded":
            params = {"by": float(np.random.default_rng().random())}
        if self.how == "not json":
            params = {"by": (1, 2)}
        return Step("other" if self.how == "op" else "liar", params)

    def apply(self, mask, step, sources):
        labels = mask.labels.copy()
        instances = None if mask.instances is None else mask.instances.copy()
        if self.how == "in place":
            mask.labels[...] = 0
        if self.how == "shared":
            labels = mask.labels
        if self.how == "new label" and labels.any():
            labels[labels > 0] = 77
        if self.how == "shape":
            labels = labels[:, :-1]
        if self.how == "dtype":
            labels = labels.astype(np.int64)
        if self.how == "gap" and instances is not None:
            instances[instances == 1] = 0
        if self.how == "options":
            labels[labels > 0] *= int(self.options.strength < 1)
        return Mask(labels, instances)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("unseeded", "two draws"),
        ("not json", "survive JSON"),
        ("op", "op is 'other'"),
        ("in place", "changed"),
        ("shared", "shares labels"),
        ("new label", "77"),
        ("shape", "labels: "),
        ("dtype", "int64"),
        ("gap", "instance"),
        ("options", "instances do not stand|at strength 0|replayed"),
    ],
)
def test_a_broken_contract_is_found(how: str, says: str) -> None:
    cls = type("Broken", (Liar,), {"how": how})
    with pytest.raises(AssertionError, match=says):
        check_perturbation(cls)


def test_an_honest_one_passes() -> None:
    check_perturbation(Liar)


def test_corner_masks_are_valid() -> None:
    from medsynth.masks.instances import instance_fault

    assert {key: instance_fault(mask) for key, mask in corner_masks().items()} == dict.fromkeys(
        corner_masks()
    )
