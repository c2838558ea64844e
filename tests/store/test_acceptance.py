"""Acceptance: what became of the plan's entries, counted by hand."""

from medsynth.core.keys import key_of
from medsynth.store.acceptance import acceptance
from medsynth.store.lineage import Lineage
from medsynth.store.manifest import ManifestRow
from medsynth.store.tally import Tally


def refusals(*gates):
    return [{"attempt": k, "gate": gate, "score": 0.1} for k, gate in enumerate(gates)]


def row(index, status="accepted", ops=("flip",), shows=None, attempt=None, refused=()):
    gates = (
        {} if attempt is None else {"attempt": attempt, "verdicts": {}, "refused": list(refused)}
    )
    steps = tuple({"op": op, "params": {}, "donors": []} for op in ops)
    lineage = Lineage(("r",), steps, 0, "c" * 64, {}, gates)
    return ManifestRow(key_of(index), index, status, {}, "", "train", lineage, None, shows)


def shows(area_px, *classes):
    return {"classes": list(classes), "area_px": area_px}


def test_everything_is_counted():
    found = acceptance(
        [
            row(0, shows=shows(10, 1), attempt=0),
            row(1, shows=shows(20, 1, 2), attempt=2, refused=refusals("faithful", "copy")),
            row(2, "given-up", ("flip", "cut"), shows(30, 2), 1, refusals("faithful", "faithful")),
            row(3, ops=("cut", "cut"), shows=shows(40, 1), attempt=0),
            row(4, ops=(), shows=shows(50, 1), attempt=0),
            row(5, shows=shows(60, 1), attempt=0),
            row(6, shows=shows(0), attempt=0),
        ]
    )
    assert found.total == Tally(7, 10, 6, 1, {"faithful": 3, "copy": 1})
    assert found.by_class == {
        1: Tally(5, 7, 5, 0, {"faithful": 1, "copy": 1}),
        2: Tally(2, 5, 1, 1, {"faithful": 3, "copy": 1}),
    }
    assert found.size_limits_px == (20, 40)
    assert {name: tally.entries for name, tally in found.by_size.items()} == {
        "small": 2, "medium": 2, "large": 2, "empty": 1,
    }  # fmt: skip
    assert found.by_size["medium"] == Tally(2, 3, 1, 1, {"faithful": 2})
    assert found.by_operator == {
        "cut": Tally(2, 3, 1, 1, {"faithful": 2}),
        "flip": Tally(5, 8, 4, 1, {"faithful": 3, "copy": 1}),
        "none": Tally(1, 1, 1, 0),
    }
    assert found.unknown == 0


def test_what_is_kept_below_a_threshold_is_counted_where_it_is_kept():
    low = {"faithful": {"passed": False}, "novel": {"passed": True}}
    kept, lost = (row(k, status, attempt=0) for k, status in ((0, "accepted"), (1, "given-up")))
    for each in (kept, lost):
        each.lineage.gates["verdicts"] = low
    assert acceptance([kept, lost]).total == Tally(2, 2, 1, 1, {}, {"faithful": 1})


def test_rows_of_older_versions():
    found = acceptance([row(0), row(1, "given-up")])
    assert found.total == Tally(2, 2, 1, 1)
    assert (found.by_class, found.by_size, found.size_limits_px, found.unknown) == ({}, {}, None, 2)


def test_one_image_refused_by_two_gates_was_drawn_once():
    refused = [{"attempt": 0, "gate": gate, "score": 0.0} for gate in ("faithful", "copy")]
    found = acceptance([row(0, "given-up", attempt=0, refused=refused)])
    assert found.total == Tally(1, 1, 0, 1, {"faithful": 1, "copy": 1})


def test_masks_of_one_size_are_all_small():
    found = acceptance(row(k, shows=shows(9, 1)) for k in range(5))
    assert found.size_limits_px == (9, 9)
    assert found.by_size == {"small": Tally(5, 5, 5, 0)}


def test_nothing_at_all():
    assert acceptance([]).total == Tally()
