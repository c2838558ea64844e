"""Contract checks for authors of plugins: call them from your own tests.

>>> from medsynth.masks.flip import Flip
>>> check_perturbation(Flip)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask

if TYPE_CHECKING:
    from medsynth.core.types import Sample
    from medsynth.data.readers import Reader
    from medsynth.exporters.exporter import Exporter, ExportSet, Row
    from medsynth.masks.perturbation import Perturbation, PerturbationOptions, Step
    from medsynth.quality.features.extractor import FeatureExtractor


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
    from medsynth.masks.nesting import find_nesting
    from medsynth.masks.perturbation import DrawContext

    where = f"{cls.name} (strength {options.strength}, seed {seed}) on mask '{mask_id}'"
    before = {key: _copied(mask) for key, mask in sources.items()}
    mask = sources[mask_id]
    nested = find_nesting(sources.values())
    context = DrawContext(mask, mask_id, sources, sorted(sources), nested)
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


def check_exporter(
    exporter: str | type[Exporter],
    tmp_path: Path,
    read_masks: Callable[[Path], Mapping[str, NDArray[np.uint8]]] | None = None,
) -> None:
    """Check that an exporter keeps the contract of `medsynth.exporters.exporter`.

    Args:
        exporter: the exporter's class, or the name under which it is registered.
        tmp_path: an empty folder to write into.
        read_masks: reads an export back as id -> (H, W) class ids, with the reader that the
            format is for; every pixel is then compared.

    Raises:
        AssertionError: it breaks the contract; the message says how, on which set.
    """
    from medsynth.core.errors import InputError
    from medsynth.exporters.exporter import EXPORTERS

    cls = EXPORTERS.get(exporter) if isinstance(exporter, str) else exporter
    assert cls.summary, f"{cls.__name__}: summary is empty"
    assert "\n" not in cls.summary, f"{cls.__name__}: summary is more than one line"
    accepted = 0
    for case, export_set in _export_sets().items():
        try:
            notes = cls().check(export_set, cls.options())
        except InputError:
            continue
        accepted += 1
        where = f"{cls.__name__} on {case}"
        assert all(isinstance(note, str) for note in notes), f"{where}: notes must be sentences"
        home = tmp_path / str(accepted)
        first, second = home / "first", home / "deep" / "second"
        _write_checked(cls, export_set, first, where)
        _write_checked(cls, export_set, second, where)
        here, there = _bytes_below(first), _bytes_below(second)
        changed = sorted(name for name in {*here, *there} if here.get(name) != there.get(name))
        assert not changed, f"{where}: the same set gives other bytes: {changed}"
        assert here, f"{where}: nothing was written"
        if read_masks is not None:
            found = dict(read_masks(first))
            expected = {sample.id: sample.mask.labels for sample in export_set}
            assert found.keys() == expected.keys(), f"{where}: other ids are read back"
            for name, labels in expected.items():
                assert np.array_equal(found[name], labels), f"{where}: the mask of {name} differs"
    assert accepted, f"{cls.__name__} refuses every set that medsynth may give it"


def _write_checked(cls: type[Exporter], export_set: ExportSet, out: Path, where: str) -> None:
    """Write a set once; check what is loaded, reported, returned and left beside it."""
    import dataclasses

    loads: list[str] = []
    reports: list[tuple[int, int]] = []

    def load(row: Row) -> Sample:
        loads.append(row.id)
        return export_set.load(row)

    out.mkdir(parents=True)
    watched = dataclasses.replace(export_set, load=load)
    result = cls().write(
        watched, out, cls.options(), lambda done, total, _: reports.append((done, total))
    )
    expected = [row.id for row in export_set.rows]
    assert sorted(loads) == sorted(expected), f"{where}: not each sample is loaded once"
    assert result.counts == export_set.counts(), f"{where}: counts are {result.counts}"
    last = (len(expected), len(expected))
    assert reports[-1] == last, f"{where}: the last progress is {reports[-1]}, not {last}"
    assert [path.name for path in out.parent.iterdir() if path != out] in ([], ["deep"]), (
        f"{where}: it writes outside its folder"
    )
    line = cls().how_to_load(export_set, out)
    assert line, f"{where}: how_to_load says nothing"
    assert "\n" not in line, f"{where}: how_to_load is more than one line"
    named = [name for name, data in _bytes_below(out).items() if str(out).encode() in data]
    assert not named, f"{where}: the folder's absolute path stands in {named}"


def _bytes_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _export_sets() -> dict[str, ExportSet]:
    """Return small sets: grey and RGB, one class and two, with instances and without."""
    holed = np.zeros((12, 17), np.uint8)
    holed[1:9, 2:12], holed[3:5, 4:7], holed[11, 16] = 1, 0, 1
    two = holed.copy()
    two[6:12, 9:15] = 2
    empty, full = np.zeros_like(holed), np.ones_like(holed)
    return {
        "grey, one class": _export_set(1, [empty, full, holed], numbered=False),
        "RGB, one class": _export_set(3, [holed, empty, full], numbered=False),
        "grey, two classes": _export_set(1, [two, holed, empty], numbered=False),
        "RGB, two classes, instances": _export_set(3, [two, empty, holed], numbered=True),
    }


def _export_set(
    channels: Literal[1, 3], masks: list[NDArray[np.uint8]], *, numbered: bool
) -> ExportSet:
    """Return a set with the masks as real pairs of train, val and test, and as synthetic ones."""
    from medsynth.core.types import SPLITS, LabelClass, Sample
    from medsynth.exporters.exporter import ExportSet, Row

    real = tuple(Row(f"real-{k}", split, "real", f"patient-{k}") for k, split in enumerate(SPLITS))
    synthetic = tuple(
        Row(f"synthetic-{k}", "train", "synthetic", "patient-0", ("real-0",)) for k in range(3)
    )
    rows = (real[0], *synthetic, *real[1:])
    masks_of = dict(zip([row.id for row in (*real, *synthetic)], [*masks, *masks], strict=True))

    def load(row: Row) -> Sample:
        labels = masks_of[row.id].copy()
        image = np.full((*labels.shape, channels), 7, np.uint8) + labels[..., None] * 50
        mask = Mask(labels, labels.astype(np.uint16) if numbered else None)
        return Sample(row.id, image.astype(np.uint8), mask, row.split, row.origin, row.group)

    top = max(int(labels.max()) for labels in masks)
    return ExportSet(
        name="contract",
        classes=tuple(LabelClass(k, ("background", "cell", "nucleus")[k]) for k in range(top + 1)),
        channels=channels,
        has_instances=numbered,
        rows=rows,
        load=load,
        hw=(masks[0].shape[0], masks[0].shape[1]),
        real=real,
        about={"run": "contract"},
    )


def check_feature_extractor(extractor: FeatureExtractor) -> None:
    """Check that an extractor keeps the contract of `medsynth.quality.features.extractor`.

    Args:
        extractor: one with weights; small random ones will do.

    Raises:
        AssertionError: it breaks the contract; the message says how.
    """
    where = type(extractor).__name__
    identity = extractor.identity
    assert extractor.weights_source, f"{where}: weights_source says nothing"
    assert (identity.name, identity.revision) == (extractor.name, extractor.revision), (
        f"{where}: its identity is of another: {identity}"
    )
    assert len(identity.weights) == 64, f"{where}: the weights have no SHA-256: {identity.weights}"
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 40, 52, 3), np.uint8)
    before = images.copy()
    found = extractor.features(images)
    assert np.array_equal(images, before), f"{where}: the images were changed"
    assert found.ndim == 2, f"{where}: features are (B, D), not {found.shape}"
    assert (len(found), found.dtype.name) == (3, "float32"), f"{where}: {found.dtype} {found.shape}"
    assert np.isfinite(found).all(), f"{where}: features that are not finite"
    alone = np.concatenate([extractor.features(image[None]) for image in images])
    apart = float(np.abs(found[0] - found[1]).max())
    assert apart > 0, f"{where}: two images have the same features"
    assert np.abs(found - alone).max() < 0.01 * apart, (
        f"{where}: the other images of a batch matter"
    )
    grey = images[..., :1]
    of_grey, of_rgb = extractor.features(grey), extractor.features(np.repeat(grey, 3, 3))
    assert np.abs(of_grey - of_rgb).max() < 0.01 * apart, f"{where}: grey is not RGB of equals"


def check_reader(
    reader: str | Callable[[], Reader], root: Path, secrets: Iterable[str] = ()
) -> None:
    """Check that a reader keeps the contract of `medsynth.data.readers`.

    Args:
        reader: what makes the reader, or the name under which it is registered.
        root: a folder in which it finds pairs.
        secrets: texts that must stand in no key, name or attribute, such as a patient's name.

    Raises:
        AssertionError: it breaks the contract; the message says how, on which pair.
    """
    from medsynth.data.listing import Listing, list_files
    from medsynth.data.readers import READERS
    from medsynth.data.reading import decode

    make = READERS.get(reader) if isinstance(reader, str) else reader
    where = getattr(make, "__name__", "the reader")
    assert make().title, f"{where}: title is empty"
    nothing = make().find(Listing(root, (), (), ()))
    assert nothing is None or not nothing.pairs, f"{where}: it finds pairs where no file is"
    listing = list_files(root)
    found, again = make().find(listing), make().find(listing)
    assert found == again, f"{where}: two looks at one folder differ"
    assert found is not None, f"{where}: it finds nothing in {root}"
    assert found.pairs, f"{where}: it finds nothing in {root}"
    keys = [pair.key for pair in found.pairs]
    assert keys == sorted(set(keys)), f"{where}: keys are not unique and in order"
    for pair in found.pairs:
        stored = json.dumps([pair.key, pair.image, pair.masks, pair.instances,
                             dict(pair.attributes)])  # fmt: skip
        said = [secret for secret in secrets if secret.lower() in stored.lower()]
        assert not said, f"{where}: pair {pair.key} tells {said}"
        names = [pair.image, *pair.masks, *([pair.instances] if pair.instances else [])]
        read = [_read_twice(make(), root, name, where) for name in names]
        sizes = {decode(data, "indices" if k else "colours").hw for k, data in enumerate(read)}
        assert len(sizes) == 1, f"{where}: image and masks of {pair.key} differ in size: {sizes}"


def _read_twice(reader: Reader, root: Path, name: str, where: str) -> bytes:
    """Return what a name stands for, read as medsynth reads it."""
    from medsynth.data.readers import FrameReader

    if (root / name).is_file():
        return (root / name).read_bytes()
    assert isinstance(reader, FrameReader), f"{where}: {name} is no file, and it has no `read`"
    data = reader.read(root, name)
    assert data == reader.read(root, name), f"{where}: {name} read twice gives other bytes"
    return data
