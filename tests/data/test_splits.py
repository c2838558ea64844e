"""No group in two splits, whoever says what."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.core.errors import InputError, UsageError
from medsynth.data.index import build_index
from medsynth.data.options import DataOptions
from medsynth.data.splits import split_groups

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}


def build(root, **options):
    return build_index(root, DataOptions(size=32, **options), seed=0)


def counts(index):
    return tuple(len(index.split(name)) for name in ("train", "val", "test"))


def assert_no_leak(index):
    seen = {}
    for item in index.items:
        assert seen.setdefault(item.group, item.split) == item.split


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=40), st.integers(0, 5))
def test_shares_are_about_met(sizes, seed):
    groups = {f"g{k}": n for k, n in enumerate(sizes)}
    chosen = split_groups(groups, SHARES, seed)
    assert set(chosen) == set(groups)
    held = Counter(chosen.values())
    assert held["train"] >= 1
    if len(groups) >= 3:
        assert set(held) == {"train", "val", "test"}
    if len(groups) == 2:
        assert set(held) == {"train", "val"}
    assert chosen == split_groups(dict(reversed(groups.items())), SHARES, seed)


def test_many_pairs_meet_the_shares():
    chosen = Counter(split_groups({str(k): 1 for k in range(100)}, SHARES, 1).values())
    assert chosen == {"train": 70, "val": 10, "test": 20}


def test_groups_from_csv_column_or_regex(make_pairs):
    root = make_pairs(12)
    by_regex = build(root, groups=r"p\d*?(\d)$")
    assert_no_leak(by_regex)
    assert by_regex.items[0].group == "0"
    rows = "".join(f"p{i},g{i % 4}\n" for i in range(12))
    (root / "groups.csv").write_text("stem,group\n" + rows)
    index = build(root)
    assert_no_leak(index)
    assert {item.group for item in index.items} == {"g0", "g1", "g2", "g3"}
    assert {item.group for item in build(root, groups="none").items} == {f"p{i}" for i in range(12)}
    (root / "groups.csv").rename(root / "mine.csv")
    assert {item.group for item in build(root).items} == {"g0", "g1", "g2", "g3"}
    assert build(root, groups="mine.csv").hash == index.hash


@pytest.mark.parametrize("bad", ["p(", "p", "(p)(0)"])
def test_a_bad_regex_is_a_usage_error(make_pairs, bad):
    with pytest.raises(UsageError, match=r"data\.groups"):
        build(make_pairs(3), groups=bad)


def test_a_regex_that_misses_some_warns_and_all_is_an_error(make_pairs):
    root = make_pairs(5)
    notes = {n.code: n.count for n in build(root, groups="(p[01])").notes}
    assert notes["group-missing"] == 3
    with pytest.raises(InputError, match="finds no group"):
        build(root, groups="(zzz)")
    with pytest.raises(InputError, match="does not exist"):
        build(root, groups="gone.csv")


def test_a_split_file_is_followed_and_completed_by_group(make_pairs):
    root = make_pairs(12)
    rows = [f"p{i},{'test' if i > 8 else 'training'},g{i // 2}" for i in range(12)]
    rows[9] = rows[9].replace("g4", "g9")
    (root / "split.csv").write_text("stem,split,group\n" + "\n".join(rows))
    index = build(root)
    assert_no_leak(index)
    assert len(index.split("test")) == 3
    assert len(index.split("val")) >= 1
    assert "split-absent" in {n.code for n in index.notes}
    assert counts(build(root, split_file="none"))[2] != 0


def test_pairs_without_a_row_are_left_out_and_told(make_pairs):
    root = make_pairs(8)
    rows = [f"p{i},{('train', 'val', 'test')[i % 3]}" for i in range(6)]
    (root / "split.csv").write_text("stem,split\n" + "\n".join(rows))
    index = build(root)
    assert counts(index) == (2, 2, 2)
    assert {n.code: n.count for n in index.notes}["split-missing"] == 2


def test_straddling_groups_and_unknown_splits_are_errors(make_pairs):
    root = make_pairs(4)
    (root / "split.csv").write_text(
        "stem,split,group\np0,train,g\np1,test,g\np2,val,h\np3,nowhere,i\n"
    )
    with pytest.raises(InputError) as caught:
        build(root)
    assert "lie in two or more splits, which leaks (1: g)" in caught.value.what
    assert "p3: nowhere" in caught.value.what
    (root / "split.csv").write_text("stem,split\np0,val\np1,test\np2,test\np3,test\n")
    with pytest.raises(InputError, match="no pair is in train"):
        build(root)


def test_where_and_train_where(make_pairs):
    root = make_pairs(12)
    rows = [f"p{i},{'a' if i < 8 else 'b'},{i % 2}" for i in range(12)]
    (root / "about.csv").write_text("stem,kind,small\n" + "\n".join(rows))
    index = build(root, where={"kind": "a"})
    assert len(index.items) == 8
    small = build(root, where={"kind": "a"}, train_where={"small": 1})
    assert small.split("test") == index.split("test")
    assert {i.attributes["small"] for i in small.split("train")} == {"1"}
    with pytest.raises(InputError, match="no CSV gives a column 'kinds': did you mean 'kind'"):
        build(root, where={"kinds": "a"})
    with pytest.raises(InputError, match="no pair has kind=c"):
        build(root, where={"kind": "c"})


def test_where_also_judges_files_without_partner(make_pairs):
    root = make_pairs(6)
    (root / "masks/p5.png").unlink()
    rows = [f"p{i},{'a' if i < 5 else 'b'}" for i in range(6)]
    (root / "about.csv").write_text("stem,kind\n" + "\n".join(rows))
    assert len(build(root, where={"kind": "a"}).items) == 5
    with pytest.raises(InputError, match="have no mask"):
        build(root)
