"""What stands on the page, part by part, ready for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from medsynth.core.types import SPLITS
from medsynth.store.acceptance import acceptance
from medsynth.store.samples import SampleStore
from medsynth.workflows.next_step import samples_wanted
from medsynth.workflows.report.cards import Album, Card
from medsynth.workflows.report.commands import commands
from medsynth.workflows.report.facts import facts
from medsynth.workflows.report.found import Found
from medsynth.workflows.report.gate_charts import gate_charts
from medsynth.workflows.report.gates import GateScores, gate_lines, gate_scores, reasons
from medsynth.workflows.report.limits import limits
from medsynth.workflows.report.lineage import lineage_of
from medsynth.workflows.report.measures import by_class, measures
from medsynth.workflows.report.outcomes import outcomes
from medsynth.workflows.report.pictures import as_uris
from medsynth.workflows.report.proof import arm_lines, curves_charts, gains_chart, seeds_chart
from medsynth.workflows.report.settings import recipe_text, versions
from medsynth.workflows.report.worst import WorstPairs, worst_pairs


def contents(found: Found) -> dict[str, Any]:
    """Return what the template names."""
    store = SampleStore(found.run.samples)
    accepted, gates = acceptance(store.rows()), gate_scores(store.rows())
    about_gates = found.gates or {}
    modes, calibration = about_gates.get("modes", {}), about_gates.get("calibration", {})
    derived = lineage_of(store.rows(), found.index)
    return {
        "name": found.index.root.name,
        "pairs": {split: len(found.index.split(split)) for split in SPLITS},
        "classes": found.class_names,
        "images": found.images,
        "evaluation": _evaluation(found, gates),
        "proof": _proof(found.proof),
        "wanted": samples_wanted(found.recipe, found.index),
        "total": accepted.total,
        "gate_lines": gate_lines(gates, accepted.total.refused, reasons(store.rows()), modes),
        "gate_rate": found.recipe.gates.rate,
        "gate_charts": gate_charts(gates, calibration),
        "outcomes": outcomes(accepted, found.class_names),
        "lineage": derived,
        "data_sha256": found.index.hash,
        "recipe": recipe_text(found),
        "versions": versions(found),
        "commands": commands(found, len(store), derived.sampler),
        "limits": limits(found, len(store)),
        **_cards(found),
    }


def _evaluation(found: Found, gates: Mapping[str, GateScores]) -> dict[str, Any] | None:
    if found.evaluation is None:
        return None
    return {
        "about": found.evaluation["about"],
        "findings": found.evaluation.get("findings"),
        "facts": facts(found.evaluation, gates, found.recipe.gates.rate),
        "measures": measures(found.evaluation),
        "by_class": by_class(found.evaluation, found.class_names),
    }


def _proof(proof: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    return {
        "sentences": proof["sentences"],
        "images": proof["test_images"],
        "groups": proof["test_groups"],
        "how_fitted": "by your own script"
        if proof.get("segmenter_command")
        else "on equally many steps",
        "arms": arm_lines(proof),
        "gains": gains_chart(proof),
        "seeds": seeds_chart(proof),
        "curves": curves_charts(proof),
    }


def _cards(found: Found) -> dict[str, Any]:
    """Return the grid and the worst pairs; without pictures where these must not be shown."""
    worst = [] if found.evaluation is None else worst_pairs(found.evaluation)
    if not found.images:
        return {"grid": [], "worst": [(each, []) for each in worst]}
    album = Album(found, {pair.sample for each in worst for pair in each.pairs})
    near = {} if found.evaluation is None else found.evaluation["near"]["features"]
    grid = album.grid(near.get("nearest", {}))
    shown = [(each, _cards_of(each, album)) for each in worst]
    every = [p for card in [*grid, *(c for _, own in shown for c in own)] for p in card.pictures]
    uris = dict(zip(map(id, every), as_uris([p.pixels for p in every]), strict=True))
    return {"grid": grid, "worst": shown, "uri": lambda picture: uris[id(picture)]}


def _cards_of(worst: WorstPairs, album: Album) -> Sequence[Card]:
    cards = (
        album.card(pair.sample, pair.train, f"{worst.unit} {pair.figure}") for pair in worst.pairs
    )
    return [card for card in cards if card]
