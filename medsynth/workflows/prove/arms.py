"""The arms of a proof: which pairs a segmenter is fitted on, and how they are varied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from medsynth.core.seeds import derive_seed, generator
from medsynth.exporters.choose import ChoiceOptions
from medsynth.exporters.export_set import ExportSet
from medsynth.model.segmenter_options import SegmenterOptions
from medsynth.quality.gates.gate import Pairs
from medsynth.training.copy_paste import paste_objects
from medsynth.training.segmenter import Draw, batches_of
from medsynth.workflows.prove.options import ProveOptions

CLASSIC = "classic"
REAL = "real"


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to fit a segmenter.

    name: as in the report.
    ratio: synthetic pairs for each real one of train; None: all of them, and no real one.
    ending: share of the steps, the last ones, that see the real pairs alone.
    augmentation: of the batches.
    copy_paste: paste objects between the images of a batch.
    run: label of the other run whose synthetic pairs these are; "" for those of the run that is
        proved.
    """

    name: str
    ratio: float | None
    ending: float = 0.0
    augmentation: Literal["none", "classic"] = "classic"
    copy_paste: bool = False
    run: str = ""

    @property
    def is_synthetic(self) -> bool:
        """Whether any synthetic pair is in it."""
        return self.ratio != 0

    def choice(self, options: ChoiceOptions) -> ChoiceOptions:
        """Return what an export of this arm's pairs chooses, as large as val and test are read."""
        only = self.ratio is None
        wanted = {"synthetic_only": only, "ratio": self.ratio, "geometry": "model"}
        return options.model_copy(update=wanted)

    def segmenter(self, options: SegmenterOptions) -> SegmenterOptions:
        """Return the segmenter's options, with this arm's augmentation."""
        return options.model_copy(update={"augmentation": self.augmentation})

    def draw(self, pairs: Pairs, real: Pairs, options: SegmenterOptions, seed: int) -> Draw:
        """Return the batches of a fit.

        Args:
            pairs: of this arm.
            real: those of them that are real, with which the fit may end.
            options: steps and batch.
            seed: of the order.
        """
        draw = batches_of(pairs.images, pairs.labels, options.batch, seed)
        if self.copy_paste:
            return lambda step: paste_objects(*draw(step), generator(seed, "copy-paste", step))
        if not self.ending:
            return draw
        mixed = options.steps - round(options.steps * self.ending)
        last = batches_of(real.images, real.labels, options.batch, derive_seed(seed, "ending"))
        return lambda step: draw(step) if step < mixed else last(step - mixed)


def arms_of(options: ProveOptions, beside: Sequence[str] = (), own: bool = False) -> list[Arm]:
    """Return the arms that the options ask for, the one to compare with first.

    Args:
        options: which arms.
        beside: labels of other runs, each of which gets every synthetic arm too.
        own: the user's own script fits, and augments and ends as it likes: no arms differ in that.
    """
    arms = [Arm(REAL if own else CLASSIC, 0.0)]
    if options.real_alone and not own:
        arms.append(Arm("real alone", 0.0, augmentation="none"))
    if options.copy_paste and not own:
        arms.append(Arm("copy-paste", 0.0, copy_paste=True))
    for run in ("", *beside):
        of = f" of {run}" if run else ""
        arms += [
            Arm(f"synthetic x{ratio:g}{ending_of(share)}{of}", ratio, share, run=run)
            for ratio in options.ratios
            for share in ((0.0,) if own else options.real_endings)
        ]
        if options.synthetic_only:
            arms.append(Arm(f"synthetic only{of}", None, run=run))
    return arms


def ending_of(share: float) -> str:
    """Return what an arm's name says of its ending.

    >>> ending_of(0.25), ending_of(0.0)
    (', last 25 % real', '')
    """
    return f", last {100 * share:g} % real" if share else ""


def pairs_of(export_set: ExportSet) -> Pairs:
    """Read what an export would hold of train into memory."""
    train = replace(export_set, rows=tuple(r for r in export_set.rows if r.split == "train"))
    samples = list(train.samples())
    return Pairs(
        np.stack([sample.image for sample in samples]),
        np.stack([sample.mask.labels for sample in samples]),
        [frozenset([sample.group]) for sample in samples],
    )
