"""What a proof has found: a table of arms, and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medsynth.quality.proof.agreement import Agreement, mean_of_known
from medsynth.quality.proof.verdict import FEW_GROUPS, Comparison, compare, in_words
from medsynth.workflows.prove.arms import Arm
from medsynth.workflows.prove.judged import Judged
from medsynth.workflows.prove.units import Unit, UnitStore, read_scores


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm with one network, over its seeds.

    pairs: it was fitted on. val_dice: by which settings are chosen. dice, iou: on what is judged,
    the mean over images, of each the mean over classes. hd95_px: the mean over images and classes
    that a mask or a segmenter shows, the frame's diagonal where one of the two does not; None where
    no image has any. seed_dice: of each seed. class_dice, group_dice: by name, without classes that
    neither masks nor segmenters know.
    against: the comparison with the first arm; None for that arm itself.
    curves: of each seed, the steps at which val was looked at, and its Dice there.
    """

    arm: str
    network: str
    pairs: int
    val_dice: float
    dice: float
    iou: float
    hd95_px: float | None
    seed_dice: tuple[float, ...]
    class_dice: dict[str, float]
    group_dice: dict[str, float]
    against: Comparison | None
    curves: tuple[tuple[tuple[int, float], ...], ...]


@dataclass(frozen=True, slots=True)
class ProveResult:
    """What was found.

    recommended: network -> the synthetic arm that val prefers; None where there was none.
    sentences: the verdict, the recommended arms' first.
    judged_on: a split of the run, or the folder of another data set.
    test_images, test_groups: how many there are. notes: what to keep in mind about them.
    figures: all of it, as JSON. report: the HTML page; None where test stayed closed.
    """

    arms: tuple[ArmResult, ...]
    recommended: dict[str, str]
    sentences: tuple[str, ...]
    judged_on: str
    test_images: int
    test_groups: int
    notes: tuple[str, ...] = ()
    figures: Path = Path()
    report: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values; no paths."""
        values = asdict(self)
        del values["figures"], values["report"]
        return values


def conclude(
    arms: Sequence[Arm],
    units: Sequence[Unit],
    store: UnitStore,
    judged: Judged,
    classes: Sequence[str],
    seed: int,
    val_groups: int,
) -> ProveResult:
    """Compare the arms, from what their units wrote.

    Args:
        arms: the first is what all are compared with.
        units: fitted and scored.
        store: where they wrote it.
        judged: what they were scored on.
        classes: names, without the background.
        seed: of the bootstrap.
        val_groups: how many groups the choice among the ratios rests on.
    """
    groups, results = judged.groups, list[ArmResult]()
    recommended: dict[str, str] = {}
    sentences: list[str] = []
    base = arms[0].name
    several = len({unit.network for unit in units}) > 1
    for network in dict.fromkeys(unit.network for unit in units):
        own = {
            arm.name: [u for u in units if u.arm == arm and u.network == network] for arm in arms
        }
        scores = {
            name: [read_scores(u, judged.part, store) for u in each] for name, each in own.items()
        }
        images = {
            name: np.stack([each.per_image() for each in found]) for name, found in scores.items()
        }
        for arm in arms:
            notes = [note for u in own[arm.name] if (note := store.read(u, "fitted"))]
            against = (
                None if arm.name == base else compare(images[arm.name], images[base], groups, seed)
            )
            results.append(
                _arm_result(arm.name, network, notes, scores[arm.name], groups, classes, against)
            )
        mine = [each for each in results if each.network == network]
        chosen = _recommended(arms, mine)
        if chosen:
            recommended[network] = chosen
        prefix = f"{network}: " if several else ""
        sentences += [prefix + said for said in _sentences(arms, mine, chosen, val_groups)]
    return ProveResult(
        tuple(results),
        recommended,
        tuple(sentences),
        judged.name,
        len(groups),
        len(set(groups)),
        judged.notes,
    )


def _arm_result(
    name: str,
    network: str,
    notes: Sequence[dict[str, Any]],
    scores: Sequence[Agreement],
    groups: Sequence[str],
    classes: Sequence[str],
    against: Comparison | None,
) -> ArmResult:
    images = np.stack([each.per_image() for each in scores])
    by_class = np.stack([each.dice for each in scores])
    return ArmResult(
        name,
        network,
        int(notes[0]["pairs"]),
        _rounded(np.mean([note["dice"] for note in notes])),
        _rounded(images.mean()),
        _rounded(np.mean([mean_of_known(each.iou).mean() for each in scores])),
        _known([_mean(each.hd95_px) for each in scores]),
        tuple(_rounded(each) for each in images.mean(1)),
        {
            name: dice
            for k, name in enumerate(classes)
            if (dice := _known(by_class[:, :, k])) is not None
        },
        _by_group(images.mean(0), groups),
        against,
        tuple(tuple((int(step), float(dice)) for step, dice in note["curve"]) for note in notes),
    )


def _by_group(dice: NDArray[np.float64], groups: Sequence[str]) -> dict[str, float]:
    """Return the mean of (N,) values of each group, by name."""
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    means = np.bincount(member, dice) / np.bincount(member)
    return {str(name): _rounded(mean) for name, mean in zip(names, means, strict=True)}


def _candidates(arms: Sequence[Arm]) -> list[str]:
    """Return the arms that val chooses from: synthetic pairs beside real ones."""
    return [arm.name for arm in arms if arm.is_synthetic and arm.ratio is not None]


def _recommended(arms: Sequence[Arm], results: Sequence[ArmResult]) -> str | None:
    """Return the candidate that val prefers."""
    candidates = [each for each in results if each.arm in _candidates(arms)]
    return max(candidates, key=lambda each: each.val_dice).arm if candidates else None


def _sentences(
    arms: Sequence[Arm], results: Sequence[ArmResult], chosen: str | None, val_groups: int
) -> list[str]:
    """Return the recommended arm's verdict, whether to use it, then the others'."""
    said = []
    ordered = sorted(results, key=lambda each: each.arm != chosen)
    for each in ordered:
        if each.against is None:
            continue
        said.append(in_words(each.against, each.arm, arms[0].name))
        if each.arm == chosen and (advice := _advice(each, arms, val_groups)):
            said.append(advice)
    return said


def _advice(chosen: ArmResult, arms: Sequence[Arm], val_groups: int) -> str:
    """Return what to do with the recommended arm, and how far to trust that it was chosen."""
    assert chosen.against is not None
    candidates = len(_candidates(arms))
    best = f"of {candidates} synthetic arms the best on val ({chosen.val_dice:.3f} Dice)"
    said = []
    if chosen.against.word == "helps":
        ratio = next(arm.ratio for arm in arms if arm.name == chosen.arm)
        use = f"Use {chosen.arm} (export.ratio={ratio:g})"
        said.append(use + (f": {best}." if candidates > 1 else "."))
    elif chosen.against.word == "hurts":
        said.append(
            "Do without" + (f": even {chosen.arm}, {best}, loses." if candidates > 1 else ".")
        )
        said.append("Look at the samples.")
        said.append("A longer fit can only help where the validation loss still fell at its end.")
        more = "more prove.segmenter.steps"
        if not any(arm.ending for arm in arms):
            more += " or prove.real_endings=[0,0.5]"
        said.append(
            "On equal steps a synthetic pair takes the place of a real one; "
            f"{more} would tell whether that is why."
        )
    elif candidates > 1:
        said.append(f"{chosen.arm} is {best}.")
    if candidates > 1 and val_groups < FEW_GROUPS:
        said.append(f"With {val_groups} val groups that choice is largely chance.")
    return " ".join(said)


def _mean(values: ArrayLike) -> float:
    """Return the mean of what is known, NaN where nothing is."""
    known = np.asarray(values)[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _known(values: ArrayLike) -> float | None:
    """Return the mean of what is known as a JSON value, None where nothing is."""
    mean = _mean(values)
    return None if np.isnan(mean) else _rounded(mean)


def _rounded(value: Any) -> float:
    return round(float(value), 5)
