"""What is wrong or was guessed about classes and mask values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from medsynth.data.coding import MaskCoding
from medsynth.data.colours import value_name
from medsynth.data.options import DataOptions
from medsynth.data.problems import Problem, problem


def class_problems(
    coding: MaskCoding, named: Mapping[int, str], options: DataOptions
) -> list[Problem]:
    """Return names that no mask has: an error where the recipe names them."""
    present = {value for value, _ in coding.entries}
    wanted = {value: name for value, name in named.items() if value != 0}
    absent = [
        f"{name} (value {value_name(v, coding.colour)})"
        for v, name in sorted(wanted.items())
        if v not in present
    ]
    if coding.meaning != "labels" and len(wanted) <= 1:
        absent = []
    told = options.classes is not None
    return problem(
        "class-absent",
        "error" if told else "note",
        "some named classes occur in no mask",
        absent,
        f"The masks hold the values {_shown(present, coding)}: mend data.classes." if told else "",
    )


def meaning_problems(
    coding: MaskCoding, named: Mapping[int, str], options: DataOptions
) -> list[Problem]:
    """Return what was guessed of the mask values, so that nobody is surprised."""
    classes = [value for value, class_id in coding.entries if class_id > 0]
    guessed = options.mask == "auto" and not named
    out = []
    if guessed and coding.meaning == "labels":
        what = f"mask values {_shown(classes, coding)} are taken for classes"
        tip = (
            f"Name them in classes.json, for example {_example(classes, coding)}; if they number "
            "objects: data.mask=instances."
        )
        out.append(Problem("values-as-classes", "note", what, len(classes), (), tip))
    if guessed and coding.meaning == "instances":
        what = "mask values are taken for object ids of one class"
        out.append(
            Problem("values-as-ids", "note", what, 1, (), "If they are classes: data.mask=labels.")
        )
    background = [value for value, class_id in coding.entries if class_id == 0]
    if background and background[0] > 0:
        shown = value_name(background[0], coding.colour)
        what = f"no mask holds 0, so the most frequent value, {shown}, is the background"
        tip = 'If another is, say so in classes.json: {"0": "background", "1": ...}.'
        out.append(Problem("background-guessed", "warning", what, 1, (), tip))
    return out


def _shown(values: Iterable[int], coding: MaskCoding) -> str:
    shown = [value_name(value, coding.colour) for value in sorted(values)]
    return ", ".join(shown[:12]) or "of object ids"


def _example(values: Iterable[int], coding: MaskCoding) -> str:
    """Return a classes.json that names the first values."""
    return json.dumps(
        {
            value_name(value, coding.colour): f"name-{number}"
            for number, value in enumerate(sorted(values)[:3], start=1)
        }
    )
