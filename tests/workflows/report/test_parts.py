"""The parts of the report: counts, words, pictures that fit, charts that are where they should."""

from xml.etree import ElementTree

import numpy as np
import pytest

from medsynth.store.acceptance import acceptance
from medsynth.store.lineage import Lineage
from medsynth.store.manifest import ManifestRow
from medsynth.workflows.report.chart_curves import curves
from medsynth.workflows.report.chart_dots import dots
from medsynth.workflows.report.chart_forest import Gain, forest
from medsynth.workflows.report.chart_histogram import histogram
from medsynth.workflows.report.facts import facts
from medsynth.workflows.report.gates import GateScores, gate_lines, gate_scores, reasons
from medsynth.workflows.report.outcomes import outcomes
from medsynth.workflows.report.pictures import as_uris, shrunk
from medsynth.workflows.report.svg import ticks


def row(index, status, scores, refused=()):
    """A row of a manifest, with one gate's scores."""
    verdicts = {"novel": {"score": scores, "threshold": 0.5, "passed": scores >= 0.5}}
    told = {
        "attempt": len(refused) - (status != "accepted"),
        "verdicts": verdicts,
        "refused": [{"attempt": k, "gate": gate, "score": 0.1} for k, gate in enumerate(refused)],
    }
    lineage = Lineage(("a",), ({"op": "flip"},), 0, "c0ffee", {}, told)
    files = {"images": "1", "masks": "2"} if status == "accepted" else {}
    reason = None if status == "accepted" else refused[-1]
    return ManifestRow(f"s{index}", index, status, files, "g", "train", lineage, reason)


ROWS = [
    row(0, "accepted", 0.9),
    row(1, "accepted", 0.4, ["novel", "faithful"]),
    row(2, "given-up", 0.1, ["novel", "novel"]),
]


def test_gates_are_counted_by_image_and_by_mask():
    found, total = gate_scores(ROWS), acceptance(ROWS).total
    assert found == {"novel": GateScores(0.5, [0.9, 0.4], 1)}
    assert (total.accepted, total.given_up, total.drawn) == (2, 1, 6)
    lines = gate_lines(found, total.refused, reasons(ROWS), {"novel": "enforce"})
    assert [(each.name, each.mode, each.refused, each.given_up, each.passed) for each in lines] == [
        ("faithful", "off now", "1", "0", "–"),
        ("novel", "refuses", "3", "1", "1 (50\N{NO-BREAK SPACE}%)"),
    ]
    assert gate_lines({}, {}, {}, {"odd": "score"})[0].does == "a plugin's, not installed here"


def test_kinds_of_masks_are_told_where_any_image_was_refused():
    assert outcomes(acceptance(ROWS[:1]), {}) == []
    (line,) = outcomes(acceptance(ROWS), {})
    assert (line.kind, line.masks, line.kept, line.given_up) == ("changed by flip", "3", "2", "1")


def evaluation(made=0.8, real=0.9, low=0.4, rate=0.0):
    """Figures as evaluation.json has them, as far as facts need them."""
    score = {name: {"value": 0.5, "interval": None} for name in ("precision", "recall")}
    return {
        "quality": {"samples against train": score, "held-out against train": score},
        "mask_agreement": {
            "samples": {"dice": made},
            "held-out": {"dice": real},
            "samples with shuffled masks": {"dice": 0.1},
        },
        "copies": {"samples": 1, "held_out": 0},
        "near": {"features": {"rate": rate, "usual": 0.05, "interval": [rate / 2, rate]}},
        "membership": {"auc": 0.6, "interval": [low, 0.8]},
        "about": {"extractor": "x", "samples": 20, "held_out": 12},
    }


def test_facts_follow_the_figures():
    good = [each.answer for each in facts(evaluation(0.95), {}, 0.05)]
    bad = [each.answer for each in facts(evaluation(low=0.55, rate=0.4), {}, 0.05)]
    assert good[0].startswith("As well as real ones do")
    assert bad[0].startswith("Less well than real ones do")
    assert facts(evaluation(0.2), {}, 0.05)[0].answer.startswith("Hardly")
    assert "blends several patients, it may have" in facts(evaluation(), {}, 0.05)[0].meaning
    assert "1 copy among 20 synthetic images" in good[3]
    assert "more than chance" not in good[3]
    assert "more than chance" in bad[3]
    assert good[4].startswith("No sign of it")
    assert bad[4].startswith("Yes, partly")
    gate = {"novel": GateScores(0.5, [0.9, 0.4], 1)}
    assert (
        "passes 50\N{NO-BREAK SPACE}% of the samples kept"
        in facts(evaluation(), gate, 0.05)[3].answer
    )


def test_pictures_shrink_until_they_fit():
    noise = np.random.default_rng(0).integers(0, 255, (6, 200, 100, 3), np.uint8)
    assert shrunk(noise[0], 160).shape == (160, 80, 3)
    assert shrunk(noise[0][..., :1], 160).shape == (160, 80)
    assert (shrunk(noise[0], 400) == noise[0]).all()
    large, small = as_uris(list(noise)), as_uris(list(noise), most_bytes=60_000)
    assert sum(map(len, small)) <= 60_000 * 4 / 3 + 6 * 30
    assert len(small[0]) < len(large[0])
    assert large == as_uris(list(noise))


def parsed(chart):
    return ElementTree.fromstring(str(chart))


def test_charts_are_escaped_and_read_out():
    name = '<script>"&'
    for chart in (
        forest([Gain(name, 1, -1, 2)], "gain"),
        dots({name: [0.5, 0.5]}, "Dice"),
        curves({name: [(1, 0.5)]}, "step", "Dice"),
        histogram([1.0, 1.0], {name: 1.0}, "score"),
    ):
        picture = parsed(chart)
        assert picture.get("role") == "img"
        assert name in picture.get("aria-label")
        assert any(name in (each.text or "") for each in picture.iter("text"))
        assert "<script" not in chart


def test_a_forest_has_its_gains_on_the_right_side_of_zero():
    picture = parsed(forest([Gain("up", 2, 1, 3), Gain("down", -2, -3, -1)], "gain"))
    zero = next(float(e.get("x1")) for e in picture.iter("line") if e.get("class") == "zero")
    up, down = [float(each.get("cx")) for each in picture.iter("circle")]
    assert down < zero < up


def test_bars_count_all_values():
    picture = parsed(histogram([0.1] * 3 + [0.9], {"threshold": 0.5}, "score"))
    heights = [float(each.get("height")) for each in picture.iter("rect")]
    assert heights == pytest.approx([120, 40])


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.7, 12), (0.001, 0.0011), (5, 5), (0, 4e6)])
def test_ticks_reach_around_what_is_shown(low, high):
    found = ticks(low, high)
    assert found[0] <= low
    assert found[-1] >= high
    assert 2 <= len(found) <= 8
