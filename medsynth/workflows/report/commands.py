"""The commands that make a run again, as far as it tells what was asked for."""

from __future__ import annotations

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
    for verb, told, more in (
        ("evaluate", about.get("options"), other),
        ("prove", (found.proof or {}).get("options"), ""),
    ):
        if told is not None:
            sets = [f"{verb}.{each}" for each in differences(told, recipe[verb])]
            listed.append(_command(f"{verb}{more}", sets))
    return listed


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
