"""A proof as charts and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from medsynth.quality.proof.verdict import interval, points
from medsynth.workflows.report.chart_curves import curves
from medsynth.workflows.report.chart_dots import dots
from medsynth.workflows.report.chart_forest import Gain, forest
from medsynth.workflows.report.words import number

Values = Mapping[str, Any]
MEANINGS = {
    "classic": "real images, turned and recoloured as usual: what all are compared with",
    "real": "real images, your own script on them: what all are compared with",
    "real alone": "real images as they are",
    "copy-paste": "real images, objects pasted from one to another",
    "synthetic only": "no real image at all",
}


@dataclass(frozen=True, slots=True)
class ArmLine:
    """An arm in the table, in words."""

    name: str
    meaning: str
    figures: tuple[str, ...]


def arm_lines(proof: Values) -> list[ArmLine]:
    """Return a line an arm: pairs, Dice on val, then on test Dice, IoU, HD95, gain, interval."""
    return [
        ArmLine(name_of(arm, proof), meaning_of(arm["arm"]), tuple(_figures(arm)))
        for arm in proof["arms"]
    ]


def _figures(arm: Values) -> list[str]:
    against = arm["against"]
    gain = ["–", "–"]
    if against:
        gain = [points(against["gain"]), interval(against["low"], against["high"])]
    scores = [number(arm[key]) for key in ("val_dice", "dice", "iou")]
    return [f"{arm['pairs']:,}", *scores, number(arm["hd95_px"], 1), *gain]


def name_of(arm: Values, proof: Values) -> str:
    """Return an arm's name, with its network where there are several."""
    several = len({each["network"] for each in proof["arms"]}) > 1
    return f"{arm['arm']}, {arm['network']}" if several else str(arm["arm"])


def meaning_of(arm: str) -> str:
    """Return what an arm was fitted on.

    >>> meaning_of("synthetic x1, last 50 % real")
    'with 1 synthetic images for each real one; real ones alone in the last 50 % of the steps'
    """
    kind, _, run = arm.partition(" of ")
    ratio, _, ending = kind.removeprefix("synthetic x").partition(", ")
    meaning = MEANINGS.get(kind, f"with {ratio} synthetic images for each real one")
    if ending:
        meaning += f"; real ones alone in the {ending.removesuffix(' real')} of the steps"
    return f"{meaning}, made by the run {run}" if run else meaning


def gains_chart(proof: Values) -> Markup | None:
    """Return the gains as a forest plot; None where there is nothing to compare."""
    gains = [
        Gain(name_of(arm, proof), *(100 * arm["against"][key] for key in ("gain", "low", "high")))
        for arm in proof["arms"]
        if arm["against"]
    ]
    return forest(gains, f"Gain in Dice points over {proof['base']}") if gains else None


def seeds_chart(proof: Values) -> Markup:
    """Return the Dice of each fitted segmenter on test, a row an arm."""
    rows = {name_of(arm, proof): arm["seed_dice"] for arm in proof["arms"]}
    return dots(rows, "Dice on the test images")


def curves_charts(proof: Values) -> dict[str, Markup]:
    """Return network -> the curves of its arms on val, means over the seeds."""
    charts = {}
    for network in dict.fromkeys(arm["network"] for arm in proof["arms"]):
        lines = {
            str(arm["arm"]): mean_curve(arm["curves"])
            for arm in proof["arms"]
            if arm["network"] == network and any(arm.get("curves") or ())
        }
        if lines:
            charts[str(network)] = curves(lines, "step of the fit", "Dice on val")
    return charts


def mean_curve(own: Sequence[Sequence[tuple[int, float]]]) -> list[tuple[float, float]]:
    """Return the mean of curves over the same steps.

    >>> mean_curve([[(1, 0.25), (2, 0.5)], [(1, 0.75), (2, 1.0)]])
    [(1.0, 0.5), (2.0, 0.75)]
    """
    return [
        (float(at_step[0][0]), sum(value for _, value in at_step) / len(at_step))
        for at_step in zip(*own, strict=True)
    ]
