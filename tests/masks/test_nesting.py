"""Nested classes: found from masks, named in recipes, and kept nested by every operator."""

from pathlib import Path

import numpy as np
import pytest

from medsynth.core.errors import UsageError
from medsynth.core.types import LabelClass, Mask
from medsynth.masks.layers import join_layers, split_layers
from medsynth.masks.nesting import find_nesting, nesting_of, resolve_nesting
from medsynth.masks.operators import PERTURBATIONS
from medsynth.masks.perturbation import DrawContext

CLASSES = (LabelClass(0, "background"), LabelClass(1, "cytoplasm"), LabelClass(2, "nucleus"))


def onion() -> Mask:
    """Four classes within one another, a bare nucleus, and a cell without one."""
    labels = np.zeros((60, 80), np.uint8)
    for label, radius in ((1, 25), (2, 16), (3, 8)):
        labels[np.hypot(*np.mgrid[-28:32, -30:50]) < radius] = label
    labels[50:55, 60:66] = 2
    labels[5:20, 62:75] = 1
    return Mask(labels)


def test_nuclei_are_found_in_their_cells(sources) -> None:
    assert find_nesting(sources.values()) == {2: 1}


def test_nesting_has_depth() -> None:
    assert find_nesting([onion()]) == {3: 2, 2: 1} or find_nesting([onion()]) == {3: 2}


def test_halves_and_neighbours_are_not_nested() -> None:
    halves = np.ones((10, 10), np.uint8)
    halves[:, 5:] = 2
    beside = np.zeros((10, 10), np.uint8)
    beside[3:7, 2:5], beside[3:7, 5:8] = 1, 2
    assert find_nesting([Mask(halves)]) == {}
    assert find_nesting([Mask(beside)]) == {}
    assert find_nesting([]) == {}


def test_names_become_ids() -> None:
    assert resolve_nesting("auto", CLASSES) == "auto"
    assert resolve_nesting({"nucleus": "1"}, CLASSES) == {"2": "1"}
    assert nesting_of({"2": "1"}, []) == {2: 1}
    with pytest.raises(UsageError, match=r"masks\.nested: .*'nukleus': did you mean 'nucleus'"):
        resolve_nesting({"nukleus": "cytoplasm"}, CLASSES)
    with pytest.raises(UsageError, match="'nucleus'"):
        nesting_of({"nucleus": "1"}, [])
    with pytest.raises(UsageError, match="within itself"):
        nesting_of({"2": "1", "1": "2"}, [])


@pytest.mark.parametrize("nested", [{}, {2: 1}, {3: 2, 2: 1}, {3: 1}, {1: 7}])
def test_layers_join_to_the_mask(nested) -> None:
    layers = split_layers(onion(), nested)
    assert join_layers(layers, nested).same_as(onion())


def test_layers_are_filled() -> None:
    layers = split_layers(onion(), {3: 2, 2: 1})
    assert [sorted(np.unique(layer.labels).tolist()) for layer in layers] == [
        [0, 1, 2], [0, 2], [0, 3],
    ]  # fmt: skip
    assert layers[0].labels[28, 30] == 1
    assert layers[1].labels[28, 30] == 2


def bare(mask: Mask, inner: int, outer: int) -> int:
    """How many pixels of the inner class have a neighbour that is neither."""
    other = np.pad(~np.isin(mask.labels, (inner, outer)), 1)
    beside = other[:-2, 1:-1] | other[2:, 1:-1] | other[1:-1, :-2] | other[1:-1, 2:]
    return int(((mask.labels == inner) & beside).sum())


@pytest.mark.parametrize("name", PERTURBATIONS.names())
def test_a_nucleus_never_leaves_its_cell(name, sources) -> None:
    operator = PERTURBATIONS.get(name)()
    nested = find_nesting(sources.values())
    for seed in range(10):
        for key in sources:
            context = DrawContext(sources[key], key, sources, sorted(sources), nested)
            step = operator.draw(np.random.default_rng(seed), context)
            mask = operator.apply(sources[key], step, sources)
            inner = max(1, int((mask.labels == 2).sum()))
            assert bare(mask, 2, 1) <= 0.1 * inner, (name, seed, key)


WBC = Path(__file__).parents[3] / "shared" / "data" / "wbc" / "masks"


@pytest.mark.skipif(not WBC.is_dir(), reason=f"real data is absent: {WBC}")
def test_real_cells_are_found_nested() -> None:
    from medsynth.io.images import read_png

    assert find_nesting(Mask(read_png(path)) for path in sorted(WBC.glob("*.png"))[:40]) == {2: 1}
