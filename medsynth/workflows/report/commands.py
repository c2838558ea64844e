"""The commands that make a run again, as far as it tells what was asked for."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from medsynth.quality.gates.options import GateOptions
from medsynth.workflows.as_sampled import as_sampled
from medsynth.workflows.report.found import Found
from medsynth.workflows.report.settings import differences, without_paths


def commands(found: Found, samples: int, sampler: Mapping[str, Any]) -> list[str]:
    """Return them; DATA, OTHER and RUN stand for folders.

    Args:
        found: the run.
        samples: how many it has.
        sampler: the settings that these were made with.
    """
    recipe = found.recipe.model_dump(mode="json")
    init = without_paths((found.about or {}).get("init_from"))
    begun = f" --init-from {init}" if init else ""
    listed = [f"medsynth fit DATA --recipe recipe.yaml --run RUN{begun}"]
    if samples:
        taken = as_sampled(found.run, found.recipe.sampling, sampler).model_dump(mode="json")
        sets = [f"sampling.{each}" for each in differences(taken, recipe["sampling"])]
        sets += _gates((found.gates or {}).get("modes"), found.recipe.gates)
        listed.append(_command(f"augment --n {samples}", sets))
    about = (found.evaluation or {}).get("about", {})
    other = " --real OTHER" if about.get("other_data") else ""
    proof = found.proof or {}
    exported = [f"export.{each}" for each in proof.get("export", ())]
    for verb, told, more, sets in (
        ("evaluate", about.get("options"), other, []),
        ("prove", proof.get("options"), _beside_and_script(proof), exported),
    ):
        if told is not None:
            own = [f"{verb}.{each}" for each in differences(told, recipe[verb])]
            listed.append(_command(f"{verb}{more}", [*own, *sets]))
    return listed


def _beside_and_script(proof: Mapping[str, Any]) -> str:
    """Return the options of prove that are no `--set`."""
    said = " --beside OTHER" * len(proof.get("beside", ()))
    if text := proof.get("segmenter_command"):
        said += f" --segmenter-command {shlex.quote(without_folders(text))}"
    return said


def without_folders(command: str) -> str:
    """Return a command line in which each absolute path is its last part alone.

    >>> without_folders("/opt/bin/python train.py --config=/home/me/c.json --data {data}")
    'python train.py --config=c.json --data {data}'
    >>> without_folders("python '/home/me/a script.py' {data}")
    'python "a script.py" {data}'
    """
    words = shlex.split(command, posix=os.name != "nt")
    bare = [re.sub("[^=,;]+", lambda part: without_paths(part[0]), word) for word in words]
    return " ".join(map(_quoted, bare))


def _quoted(word: str) -> str:
    """Return a word as `shlex` reads it back; places in braces need no quotes."""
    if word and not re.search(r"""[\s"'\\#]""", word):
        return word
    return '"' + re.sub(r'(["\\])', r"\\\1", word) + '"'


def _gates(modes: Mapping[str, str] | None, options: GateOptions) -> Iterator[str]:
    """Yield what the gates were told otherwise than the recipe says."""
    usual = options.modes()
    for name in sorted({*usual, *modes}) if modes is not None else ():
        mode = modes.get(name, "off") if modes is not None else ""
        if mode != usual.get(name, "off"):
            own = name if name in GateOptions.model_fields else f"plugin.{name}"
            yield f"gates.{own}={mode}"


def _command(verb: str, sets: list[str]) -> str:
    return " ".join([f"medsynth {verb} --run RUN", *(f"--set '{each}'" for each in sets)])
