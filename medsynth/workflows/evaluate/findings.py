"""What stands out in an evaluation, in words: where samples fall short of real images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Values = Mapping[str, Any]
GAP = 0.1
"""Shares that lie closer than this are no matter, even where their intervals part."""
LEAST_TOLD_APART = 0.75
"""A segmenter that knows a real image's own mask from another's more seldom is no judge; 0.5 is
guessing."""
SAME = 0.5
"""Samples whose perceptual distance is less than this share of the real images' look alike."""


def findings(values: Values) -> list[dict[str, str]]:
    """Return what stands out, each with the measure that found it; none where nothing does.

    Args:
        values: as they stand in evaluation.json.
    """
    parts = (_likeness, _variety, _masks, _copies, _nearness, _membership)
    return [{"measure": name, "says": says} for part in parts for name, says in part(values)]


def _likeness(values: Values) -> Iterator[tuple[str, str]]:
    made, real = _against_train(values)
    if below(made["precision"], real["precision"]):
        yield (
            "precision",
            f"Few samples look like any training image: precision {_shown(made['precision'])}, of "
            f"real held-out images {_shown(real['precision'])}. Noise and blur do so, or a fit "
            "that was too short.",
        )
    low, high = made["kid"]["interval"], real["kid"]["interval"]
    if low is not None and high is not None and low[0] > high[1]:
        yield (
            "kid",
            "As a whole the samples look unlike the training images: KID "
            f"{_shown(made['kid'])}, of real held-out images {_shown(real['kid'])}.",
        )


def _variety(values: Values) -> Iterator[tuple[str, str]]:
    made, real = _against_train(values)
    for measure, what in (
        ("recall", "Many training images have no sample like them"),
        ("coverage", "Around many training images there is no sample"),
    ):
        if below(made[measure], real[measure]):
            yield (
                measure,
                f"{what}: {measure} {_shown(made[measure])}, of real held-out images "
                f"{_shown(real[measure])}. Some kinds of image are hardly made, or all are off.",
            )
    variety = values.get("variety", {})
    across = variety.get("across_masks")
    if across is not None and across < SAME * variety["across_real"]:
        yield (
            "variety",
            f"The samples look alike: their perceptual distance is {across}, that of real images "
            f"{variety['across_real']}.",
        )


def _masks(values: Values) -> Iterator[tuple[str, str]]:
    shown = values["mask_agreement"]
    made, real = shown["samples"], shown["held-out"]
    if not judged(shown):
        yield (
            "mask_agreement",
            "Whether the samples show their masks cannot be judged: even in real held-out images "
            f"the segmenters reach a Dice of only {real['dice']}, and the own mask agrees better "
            f"than another's in {real['told_apart']:.0%} of them (50% is guessing). Give them more "
            "steps (gates.segmenter.steps in the recipe), an encoder that has learned from "
            "photographs (gates.segmenter.network=mobilenet-unet) or more training pairs.",
        )
        return
    chance = shown.get("samples with shuffled masks", {"dice": 0.0})["dice"]
    if made["dice"] - chance < real["dice"] - made["dice"]:
        yield (
            "mask_agreement",
            f"The samples hardly show their masks: Dice {made['dice']}, with shuffled masks "
            f"{chance}, of real held-out images {real['dice']}.",
        )


def judged(shown: Values) -> bool:
    """Return whether the segmenters know the masks of real images from others."""
    return float(shown["held-out"].get("told_apart", 1.0)) >= LEAST_TOLD_APART


def _copies(values: Values) -> Iterator[tuple[str, str]]:
    copies, about = values["copies"], values["about"]
    if copies["samples"]:  # real ones that count as copies excuse none: their split leaks
        yield (
            "copies",
            f"{copies['samples']} of {about['samples']} samples count as copies of a training "
            f"image, {copies['held_out']} of {about['held_out']} real held-out ones. Look at the "
            "pairs most alike before anything is shared; export.reject leaves samples out.",
        )


def _nearness(values: Values) -> Iterator[tuple[str, str]]:
    for name, near, how in (
        ("near", values["near"]["features"], "by their features"),
        ("near_in_pixels", values["near_in_pixels"], "pixel by pixel"),
    ):
        if near["interval"][0] > near["usual_at_most"]:
            yield (
                name,
                f"{near['rate']:.0%} of the samples are nearer to a training image, {how}, than "
                f"95% of the real held-out images are: {near['usual']:.0%} would be usual.",
            )


def _membership(values: Values) -> Iterator[tuple[str, str]]:
    attack = values.get("membership")
    if attack and attack["interval"] and attack["interval"][0] > 0.5:
        yield (
            "membership",
            f"The fitted weights betray whom they were fitted on: AUC {attack['auc']}, 0.5 is "
            "guessing. Guard them as the images.",
        )


def below(made: Values, real: Values) -> bool:
    """Return whether a share of the samples lies clearly below that of real images.

    >>> some = {"value": 0.4, "interval": [0.3, 0.5]}
    >>> below(some, {"value": 0.9, "interval": [0.8, 1.0]})
    True
    >>> below(some, {"value": 0.6, "interval": [0.45, 0.7]})
    False
    """
    if real["value"] - made["value"] < GAP:
        return False
    if made["interval"] is None or real["interval"] is None:
        return bool(made["value"] < real["value"] / 2)
    return bool(made["interval"][1] < real["interval"][0])


def _against_train(values: Values) -> tuple[Values, Values]:
    quality = values["quality"]
    return quality["samples against train"], quality["held-out against train"]


def _shown(score: Values) -> str:
    interval = score["interval"]
    if interval is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"
