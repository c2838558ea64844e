"""What the numbers cannot tell, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from medsynth.core.words import counted
from medsynth.workflows.gate_warnings import warnings_in
from medsynth.workflows.report.found import Found


def limits(found: Found, samples: int) -> list[str]:
    """Return the warnings of this run, then what holds for every one."""
    return list(dict.fromkeys([*warnings_in(found.gates), *_of_this_run(found, samples), *ALWAYS]))


ALWAYS = (
    "No number proves that nobody can be recognised. Look at the pairs most alike, and let "
    "somebody do so who knows the patients' images.",
    "Measures see textures and outlines, not diagnoses. Whether the images are medically right "
    "is for a physician to say.",
    "Numbers of another feature extractor, data set or number of images are on another scale: "
    "compare within this page.",
)


def _of_this_run(found: Found, samples: int) -> Iterator[str]:
    if found.evaluation is None:
        yield "Quality, variety and copies were not measured."
    else:
        about = found.evaluation["about"]
        yield from found.evaluation["warnings"]
        if about["samples"] != min(samples, found.recipe.evaluate.max_images):
            yield (
                f"The evaluation looked at {counted(about['samples'], 'sample')}; the run has "
                f"{samples:,} now. Run medsynth evaluate again."
            )
        if about["held_out_split"] == "val" and not about.get("other_data"):
            yield (
                "The real images of the comparison are of val, by which thresholds were chosen "
                "too: the run has too few in test."
            )
        if about["held_out_groups"] < 10:
            yield (
                f"The real images of the comparison are of only "
                f"{counted(about['held_out_groups'], 'group')} (patients): another few "
                "patients might look different."
            )
    if found.proof is None:
        yield "Whether the synthetic images help a segmenter was not tried."
    else:
        yield (
            f"The proof holds for {segmenters_of(found.proof)} on these data, and for patients "
            f"like those of test ({counted(found.proof['test_groups'], 'group')})."
        )
    modes = set((found.gates or {}).get("modes", {}).values())
    if "score" in modes:
        yield "Gates that only measure refused no image: samples that fail them are in the set."


def segmenters_of(proof: Mapping[str, Any]) -> str:
    """Return which segmenters a proof was made with.

    >>> segmenters_of({"segmenter_command": "python own.py", "arms": []})
    'your own script'
    """
    if proof.get("segmenter_command"):
        return "your own script"
    networks = sorted({each["network"] for each in proof["arms"]})
    steps = proof.get("options", {}).get("segmenter", {}).get("steps")
    return " and ".join(networks) + (f" fitted for {steps} steps" if steps else "")
