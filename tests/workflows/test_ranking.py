"""Which samples count as the best: those by the gates that refuse."""

import pytest

from medsynth.core.keys import key_of
from medsynth.data.index import DataIndex
from medsynth.exporters.choose import ChoiceOptions
from medsynth.workflows.export.export import run_export_set
from tests.export.runs import augment, make_run

FIGURES = {"faithful": (0.9, 0.1), "novel": (0.2, 0.8)}
"""Gate -> percentiles of two samples: the gates disagree."""


@pytest.mark.parametrize(
    ("gates", "best"),
    [
        ("{}", 0),  # by the least of both: 0.2 and 0.1
        ("{faithful: score}", 1),  # by novel alone
        ("{novel: score}", 0),  # by faithful alone
        ("{segmenter: {network: mobilenet-unet}}", 1),  # whose faithful only scores
        ("{mode: score}", 0),  # none refuses: by the least of both again
    ],
)
def test_gates_that_only_score_do_not_choose(tmp_path, gates, best):
    run = make_run(tmp_path)
    run.recipe.write_text(f"seed: 0\ngates: {gates}\n")
    judged = [
        {"verdicts": {gate: {"percentile": each[k]} for gate, each in FIGURES.items()}}
        for k in range(2)
    ]
    augment(run, 2, gates=judged)
    one = ChoiceOptions(ratio=1.5 / len(DataIndex.load(run.path).split("train")))
    rows = run_export_set(run, one).rows
    assert [row.id for row in rows if row.origin == "synthetic"] == [key_of(best)]
