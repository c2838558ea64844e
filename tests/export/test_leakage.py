from dataclasses import replace

import pytest

from medsynth.core.errors import InputError
from medsynth.exporters.deliver import deliver
from medsynth.exporters.export_set import Row
from medsynth.exporters.leakage import leaks, refuse_leaks
from medsynth.exporters.options import ExportOptions

from .sets import make_set, quiet, with_rows


def planted():
    clean = make_set()
    of = {row.id: row for row in clean.rows}
    synthetic = of["syn-00000"]
    yield (
        "source in val",
        with_rows(clean, replace(synthetic, sources=("real-2",))),
        ("synthetic syn-00000 (train) <- mask real-2 (val) <- group patient-2"),
    )
    yield (
        "source in test",
        with_rows(clean, replace(synthetic, sources=("real-0", "real-3"))),
        ("synthetic syn-00000 (train) <- mask real-3 (test) <- group patient-3"),
    )
    yield (
        "synthetic in val",
        with_rows(clean, replace(synthetic, split="val")),
        ("synthetic syn-00000 (val) is not in train"),
    )
    yield "synthetic in test", with_rows(clean, replace(synthetic, split="test")), "not in train"
    yield (
        "unknown source",
        with_rows(clean, replace(synthetic, sources=("real-99",))),
        ("mask real-99, which is no pair of this run"),
    )
    yield (
        "group of val",
        with_rows(clean, replace(synthetic, group="patient-0+patient-2", sources=("real-0",))),
        "<- group patient-2 (val, for example real-2)",
    )
    yield (
        "group in two splits",
        with_rows(clean, Row("real-9", "train", "real", "patient-3")),
        "group patient-3 is in test (real-3) and train (real-9)",
    )
    yield (
        "not written, yet known",
        replace(
            with_rows(clean, replace(synthetic, sources=("real-2",))),
            rows=(replace(synthetic, sources=("real-2",)),),
        ),
        "mask real-2 (val)",
    )
    moved = replace(of["real-2"], split="train")
    yield "moved to train", with_rows(clean, moved), "real-2"


CASES = {name: (export_set, says) for name, export_set, says in planted()}


@pytest.mark.parametrize("case", CASES)
def test_each_planted_leak_is_refused_with_its_chain_and_nothing_is_written(case, tmp_path):
    export_set, says = CASES[case]
    with pytest.raises(InputError) as caught:
        deliver("folder", export_set, tmp_path / "out", ExportOptions(), quiet)
    assert says in caught.value.what
    assert list(tmp_path.iterdir()) == []


def test_a_clean_set_passes():
    refuse_leaks(make_set())


def test_a_plus_in_a_name_of_a_group_is_not_two_groups():
    real = [
        Row("real-0", "train", "real", "a+b"),
        Row("real-1", "train", "real", "c"),
        Row("real-2", "test", "real", "a"),
        Row("real-3", "val", "real", "b"),
    ]
    alone = Row("syn-0", "train", "synthetic", "a+b", ("real-0",))
    blended = Row("syn-1", "train", "synthetic", "a+b+c", ("real-0", "real-1"))
    assert list(leaks([*real, alone, blended], real)) == []
    planted = replace(blended, group="a+b+c+a")
    assert any("group a (test" in leak for leak in leaks([*real, planted], real))


def test_masks_that_the_user_brought_have_no_source_and_pass():
    clean = make_set()
    brought = Row("syn-99999", "train", "synthetic", "brought")
    assert list(leaks((*clean.rows, brought), clean.real)) == []


def test_many_leaks_make_one_report():
    clean = make_set(reals=12)
    bad = [Row(f"x{i}", "train", "synthetic", "g", ("real-2",)) for i in range(40)]
    with pytest.raises(InputError, match="and 30 more"):
        refuse_leaks(with_rows(clean, *bad))
