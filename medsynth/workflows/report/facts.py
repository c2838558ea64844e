"""What an evaluation has found, as questions and answers in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from medsynth.core.words import counted
from medsynth.workflows.evaluate.findings import judged
from medsynth.workflows.report.gates import GateScores
from medsynth.workflows.report.words import number, percent, with_spread

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """A question that everybody asks, its answer, and what the answer rests on."""

    question: str
    answer: str
    meaning: str


def facts(evaluation: Values, gates: Mapping[str, GateScores], rate: float) -> list[Fact]:
    """Return what is known of masks, looks, variety, copies and the model.

    Args:
        evaluation: the figures.
        gates: what these measured of the samples, by name.
        rate: share of real held-out images that a gate would refuse.
    """
    return list(_facts(evaluation, gates.get("novel"), rate))


def _facts(evaluation: Values, novel: GateScores | None, rate: float) -> Iterator[Fact]:
    quality = evaluation["quality"]
    made, real = quality["samples against train"], quality["held-out against train"]
    yield _masks(evaluation["mask_agreement"])
    yield Fact(
        "Do they look like real images?",
        f"{percent(made['precision']['value'])} of the synthetic images look like some training "
        f"image; of real images that the model never saw {percent(real['precision']['value'])} "
        "do.",
        f"Precision, as the network {evaluation['about']['extractor']} sees images.",
    )
    yield Fact(
        "Are they varied?",
        f"{percent(made['recall']['value'])} of the training images have a synthetic image like "
        f"them; real images that the model never saw reach {percent(real['recall']['value'])}.",
        "Recall: low where only some kinds of image are made, over and over.",
    )
    yield _copies(evaluation, novel, rate)
    if evaluation.get("membership"):
        yield _betrayal(evaluation["membership"])


def _masks(shown: Values) -> Fact:
    made, real = shown["samples"]["dice"], shown["held-out"]["dice"]
    shuffled = shown.get("samples with shuffled masks", {"dice": 0.0})["dice"]
    if not judged(shown):
        how = "Cannot be judged: in real images, too, the masks are hardly found"
    elif made >= real:
        how = "As well as real ones do"
    elif made - shuffled < real - made:
        how = "Hardly: nearer to chance than to real ones"
    else:
        how = "Less well than real ones do"
    return Fact(
        "Do the images show the masks that were asked for?",
        f"{how}: Dice {number(made)} for synthetic images, {number(real)} for real ones; "
        f"{number(shuffled)} where masks are shuffled on purpose.",
        "A network that never saw the patient concerned draws the outlines it finds in an image; "
        "where a mask blends several patients, it may have seen some of them. "
        "Dice is how far they overlap with the mask: 1 wholly, 0 not at all.",
    )


def _copies(evaluation: Values, novel: GateScores | None, rate: float) -> Fact:
    copies, about = evaluation["copies"], evaluation["about"]
    near = evaluation["near"]["features"]
    found = counted(copies["samples"], "copy", "copies") if copies["samples"] else "No copies"
    low = near["interval"][0]
    how = (
        "; that is more than chance: look at the pairs below"
        if low > near.get("usual_at_most", near["usual"])
        else ""
    )
    return Fact(
        "Are they copies of patients' images?",
        f"{found} among {counted(about['samples'], 'synthetic image')} (among "
        f"{about['held_out']} real ones of other patients: {copies['held_out']}). "
        f"{percent(near['rate'])} lie suspiciously near to a training image, where "
        f"{percent(near['usual'])} would be usual{how}.{_at_the_gate(novel, rate)}",
        "A detector looks for training images, flipped, turned, cropped or re-encoded ones too. "
        "Near means: nearer than all but a few real images of other patients are.",
    )


def _at_the_gate(novel: GateScores | None, rate: float) -> str:
    """Return what the gate against copies says; nothing where it was off."""
    if novel is None:
        return ""
    passed = percent(novel.share)
    return (
        f" The gate against copies, asked when they were made, passes {passed} "
        f"of the samples kept; of real images of other patients it passes {percent(1 - rate)}."
    )


def _betrayal(attack: Values) -> Fact:
    interval = attack["interval"]
    if interval is None:
        how = "Too few patients to tell"
    elif interval[0] > 0.5:
        how = "Yes, partly: handle the fitted weights as you handle the patients' images"
    else:
        how = "No sign of it"
    return Fact(
        "Could the fitted model give away who was in the training data?",
        f"{how}. AUC {with_spread(attack['auc'], interval, 2)}.",
        "An attacker who has the weights, not only the synthetic images, guesses which images "
        "were trained on. AUC 0.5 is a coin toss, 1 always right; in brackets the 95 % interval.",
    )
