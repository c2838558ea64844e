"""Whether images show their masks, as segmenters see it that never saw their groups.

Each image, real or not, is judged by one of them; see `cross_fit.CrossFitted.judge`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.quality.gates.gate import Pairs, Predict
from medsynth.quality.masks_of_others import masks_of_others
from medsynth.quality.proof.agreement import Agreement, agreement
from medsynth.workflows.evaluate.case import Case
from medsynth.workflows.gates import RunGates


@dataclass(frozen=True, eq=False)
class Shown:
    """What images show, compared with their masks and with masks of other groups.

    own: of all images. dice: (n,) Dice with their own masks, wrong: with those of others, of the
    images for which there is another group.
    """

    own: Agreement
    dice: NDArray[np.float64]
    wrong: NDArray[np.float64]

    @property
    def told_apart(self) -> float:
        """Probability that an image's own mask agrees better with it than another's."""
        better, equal = (self.dice > self.wrong).mean(), (self.dice == self.wrong).mean()
        return float(better + equal / 2)


def shown_masks(case: Case) -> dict[str, Any]:
    """Return how well images show their masks, beside real ones and beside masks of others."""
    gates = RunGates(case.run, case.recipe, case.index, case.device, case.report)
    predict = gates.predict(case.sets.train)
    classes = [each for each in case.index.classes if each.id]
    names = {each.id: each.name for each in classes}
    found: dict[str, Any] = {}
    for name, pairs in (("samples", case.sets.made), ("held-out", case.sets.held_out)):
        shown = compare(predict, pairs, 1 + max(names))
        found[name] = of_all(shown.own, names)
        if len(shown.wrong):
            found[f"{name} with shuffled masks"] = {"dice": round(float(shown.wrong.mean()), 4)}
            found[name]["told_apart"] = round(shown.told_apart, 4)
    return {"mask_agreement": found}


def compare(predict: Predict, pairs: Pairs, classes: int) -> Shown:
    """Return what images show, block by block, compared with the masks.

    Args:
        predict: says what images show.
        pairs: images with their masks.
        classes: the background included.
    """
    others = masks_of_others(pairs.groups)
    own: list[Agreement] = []
    wrong: list[NDArray[np.float64]] = []
    for rows in pairs.blocks():
        part = pairs.part(rows)
        seen = predict(part.images, part.groups)
        own.append(agreement(seen, part.labels, classes))
        some = others[rows] >= 0
        of_others = pairs.labels[others[rows][some]]
        wrong.append(agreement(seen[some], of_others, classes, with_hd95=False).per_image())
    every = joined(own)
    return Shown(every, every.per_image()[others >= 0], np.concatenate(wrong))


def joined(parts: Sequence[Agreement]) -> Agreement:
    """Return the scores of several blocks as one."""
    dice, iou, hd95_px = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("dice", "iou", "hd95_px")
    )
    return Agreement(dice, iou, hd95_px)


def of_all(own: Agreement, names: dict[int, str]) -> dict[str, Any]:
    """Return the means over all images; a class that no image has is left out."""
    known = own.hd95_px[~np.isnan(own.hd95_px)]
    of_class = {name: own.dice[:, each - 1] for each, name in names.items()}
    return {
        "dice": round(float(own.per_image().mean()), 4),
        "hd95_px": round(float(known.mean()), 2) if len(known) else None,
        "dice_by_class": {
            name: round(float(np.nanmean(dice)), 4)
            for name, dice in of_class.items()
            if not np.isnan(dice).all()
        },
    }
