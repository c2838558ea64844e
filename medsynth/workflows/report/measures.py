"""The measures of an evaluation as a table: each in one line, beside what real images reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from medsynth.workflows.report.words import number, percent, with_spread

Values = Mapping[str, Any]
HIGHER, LOWER = "higher is better", "lower is better"
MEANINGS = {
    "fid": ("FID", "Distance between all synthetic and all training images; 0: no difference. Too "
            "high where images are few.", LOWER),
    "kid": ("KID", "The same distance, fair to small sets; 0: no difference.", LOWER),
    "cmmd": ("CMMD", "The same distance, by CLIP's features.", LOWER),
    "precision": ("Precision", "Share of the images that look like some training image.", HIGHER),
    "recall": ("Recall", "Share of the training images that some image looks like.", HIGHER),
    "density": ("Density", "How many training images are around each image; real images have "
                "about 1 at best.", HIGHER),
    "coverage": ("Coverage", "Share of the training images with an image right beside them.",
                 HIGHER),
}  # fmt: skip
"""Measure -> name, what it says, which way is better."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A line of the table: what it says, its value for synthetic and for real images."""

    name: str
    meaning: str
    better: str
    made: str
    real: str


def measures(evaluation: Values) -> list[Measure]:
    """Return the lines."""
    return [*_quality(evaluation["quality"]), *_masks(evaluation), *_privacy(evaluation)]


def _quality(quality: Values) -> Iterator[Measure]:
    made, real = quality["samples against train"], quality["held-out against train"]
    for key, score in made.items():
        known = MEANINGS.get(key, (key, "", ""))
        digits = 1 if key == "fid" else 3
        yield Measure(
            *known,
            *(with_spread(each["value"], each["interval"], digits) for each in (score, real[key])),
        )


def _masks(evaluation: Values) -> Iterator[Measure]:
    shown = [evaluation["mask_agreement"][side] for side in ("samples", "held-out")]
    yield Measure(
        "Mask agreement, Dice",
        "Overlap of what an image shows with its mask; 1 is all of it.",
        HIGHER,
        *(number(each["dice"]) for each in shown),
    )
    yield Measure(
        "Mask agreement, HD95",
        "How far the two outlines lie apart, in pixels, but for the worst 5 % of them.",
        LOWER,
        *(number(each["hd95_px"], 1) for each in shown),
    )
    variety = evaluation.get("variety", {})
    if "within_a_mask" in variety:
        yield Measure(
            "Variety across masks",
            "Perceptual distance between two images. Two synthetic images of one and the same "
            f"mask differ by {number(variety['within_a_mask'], 2)}.",
            "as real ones is best",
            number(variety["across_masks"], 2),
            number(variety["across_real"], 2),
        )


def _privacy(evaluation: Values) -> Iterator[Measure]:
    copies = evaluation["copies"]
    yield Measure(
        "Copies",
        f"Images whose likeness to a training image reaches {number(copies['threshold'], 2)}; the "
        "real ones are of other patients.",
        LOWER,
        str(copies["samples"]),
        str(copies["held_out"]),
    )
    for key, name in (
        ("near", "Suspiciously near"),
        ("near_in_pixels", "The same, pixel by pixel"),
    ):
        near = evaluation[key].get("features", evaluation[key])
        ends = " to ".join(percent(end) for end in near["interval"])
        yield Measure(
            name,
            "Share of the images that are nearer to a training image than 95 % of the real images "
            "of other patients are.",
            "as usual is best",
            f"{percent(near['rate'])} ({ends})",
            percent(near["usual"]),
        )


@dataclass(frozen=True, slots=True)
class ClassMeasure:
    """What is known of one class; "–" where nothing is."""

    name: str
    dice_made: str
    dice_real: str
    kid: str
    coverage: str


def by_class(evaluation: Values, names: Mapping[int, str]) -> list[ClassMeasure]:
    """Return a line a class."""
    shown = evaluation["mask_agreement"]
    quality = evaluation["quality_by_class"]

    def of(name: str, measure: str) -> str:
        score = quality.get(name, {}).get(measure)
        return "–" if score is None else with_spread(score["value"], score["interval"])

    return [
        ClassMeasure(
            name,
            number(shown["samples"]["dice_by_class"].get(name)),
            number(shown["held-out"]["dice_by_class"].get(name)),
            of(name, "kid"),
            of(name, "coverage"),
        )
        for name in names.values()
    ]
