"""Contract checks for authors of plugins: call them from your own tests.

>>> from medsynth.masks.flip import Flip
>>> check_perturbation(Flip)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from medsynth.core.types import Mask

if TYPE_CHECKING:
    from medsynth.masks.perturbation import Perturbation, PerturbationOptions, Step


def check_perturbation(
    cls: type[Perturbation],
    masks: Mapping[str, Mask] | None = None,
    options: Sequence[PerturbationOptions] | None = None,
    seeds: Iterable[int] = range(3),
) -> None:
    """Check that a perturbation keeps the contract of `medsynth.masks.perturbation`.

    Args:
        cls: the operator's class.
        masks: masks by id to try it on, each with the others as donors; `corner_masks()`
            where not given.
        options: options to try; its defaults where not given.
        seeds: seeds to draw with.

    Raises:
        AssertionError: it breaks the contract; the message says how, on which mask.
    """
    sources = corner_masks() if masks is None else masks
    for chosen in [cls.options_type()] if options is None else options:
        still = chosen.model_copy(update={"strength": 0.0})
        for mask_id in sources:
            for seed in seeds:
                _check_draw(cls, chosen, sources, mask_id, seed)
                _check_draw(cls, still, sources, mask_id, seed)


def corner_masks() -> dict[str, Mask]:
    """Return masks at the corners of what is allowed: empty, full, tiny, nested, crowded."""
    cell = np.zeros((24, 32), np.uint8)
    cell[4:14, 5:17] = 1
    cell[7:11, 8:13] = 2
    cell[16:22, 20:27] = 1
    cell[18:20, 22:25] = 2
    numbered = np.zeros((24, 32), np.uint16)
    numbered[cell > 0] = 1
    numbered[cell == 2] = 2
    numbered[15:] = np.where(numbered[15:] > 0, numbered[15:] + 2, 0)
    dot = np.zeros((9, 9), np.uint8)
    dot[4, 4] = 255
    crowd = np.arange(256 * 256, dtype=np.uint16).reshape(256, 256)
    return {
        "empty": Mask(np.zeros((12, 9), np.uint8)),
        "empty-instances": Mask(np.zeros((12, 9), np.uint8), np.zeros((12, 9), np.uint16)),
        "full": Mask(np.full((9, 12), 3, np.uint8), np.ones((9, 12), np.uint16)),
        "one-pixel": Mask(dot, (dot > 0).astype(np.uint16)),
        "one-by-one": Mask(np.ones((1, 1), np.uint8)),
        "one-row": Mask(np.array([[0, 1, 1, 0, 2]], np.uint8)),
        "nested": Mask(cell),
        "nested-instances": Mask(cell, numbered),
        "crowd": Mask((crowd > 0).astype(np.uint8), crowd),
    }


def _check_draw(
    cls: type[Perturbation],
    options: PerturbationOptions,
    sources: Mapping[str, Mask],
    mask_id: str,
    seed: int,
) -> None:
    """Draw one step for one mask, apply it, and check all that the contract says."""
    from medsynth.masks.perturbation import DrawContext

    where = f"{cls.name} (strength {options.strength}, seed {seed}) on mask '{mask_id}'"
    before = {key: _copied(mask) for key, mask in sources.items()}
    mask = sources[mask_id]
    context = DrawContext(mask, mask_id, sources, sorted(sources))
    step = cls(options).draw(np.random.default_rng(seed), context)
    again = cls(options).draw(np.random.default_rng(seed), context)
    assert step == again, f"{where}: two draws from one seed differ: {step}, {again}"
    _check_step(cls, step, sources, where)
    result = cls(options).apply(mask, step, sources)
    for key, source in sources.items():
        assert source.same_as(before[key]), f"{where}: its input '{key}' was changed"
    _check_result(mask, result, _allowed_labels(mask, step, sources), where)
    stored = type(step).from_json(json.loads(json.dumps(step.to_json())))
    replayed = cls().apply(_copied(mask), stored, sources)
    assert result.same_as(replayed), f"{where}: the stored step, replayed, gives another mask"
    if options.strength == 0:
        assert result.same_as(mask), f"{where}: at strength 0 the mask must stay as it is"


def _check_step(
    cls: type[Perturbation], step: Step, sources: Mapping[str, Mask], where: str
) -> None:
    assert step.op == cls.name, f"{where}: the step's op is {step.op!r}, not {cls.name!r}"
    stored = json.loads(json.dumps(step.to_json(), allow_nan=False))
    assert type(step).from_json(stored) == step, f"{where}: the step does not survive JSON"
    strange = set(step.donors) - set(sources)
    assert not strange, f"{where}: donors that are no sources: {strange}"


def _check_result(mask: Mask, result: Mask, allowed: set[int], where: str) -> None:
    from medsynth.masks.instances import instance_fault

    for name, old, new in (
        ("labels", mask.labels, result.labels),
        ("instances", mask.instances, result.instances),
    ):
        assert (old is None) == (new is None), f"{where}: {name} appeared or disappeared"
        if old is None or new is None:
            continue
        shapes = f"{old.dtype} {old.shape} became {new.dtype} {new.shape}"
        assert (old.shape, old.dtype) == (new.shape, new.dtype), f"{where}: {name}: {shapes}"
        assert not np.shares_memory(old, new), f"{where}: the result shares {name} with its input"
    strange = _labels(result) - allowed
    assert not strange, f"{where}: labels that neither mask nor donors have: {sorted(strange)}"
    fault = instance_fault(result)
    assert fault is None, f"{where}: {fault}"


def _allowed_labels(mask: Mask, step: Step, sources: Mapping[str, Mask]) -> set[int]:
    donors = (_labels(sources[donor]) for donor in step.donors)
    return _labels(mask).union(*donors) | {0}


def _labels(mask: Mask) -> set[int]:
    found: Any = np.unique(mask.labels).tolist()
    return set(found)


def _copied(mask: Mask) -> Mask:
    return Mask(mask.labels.copy(), None if mask.instances is None else mask.instances.copy())
