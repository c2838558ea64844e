"""Ids of pairs: unique, safe as file names, never the name of a sample."""

from hypothesis import given
from hypothesis import strategies as st

from medsynth.core.keys import KEY, key_of
from medsynth.data.ids import RESERVED, SAFE, make_ids


@given(st.lists(st.text(max_size=100), unique=True, max_size=20))
def test_ids_are_unique_on_any_file_system_and_safe(keys):
    ids = make_ids(keys)
    assert len({name.lower() for name in ids}) == len(keys)
    assert all(SAFE.fullmatch(name) and not RESERVED.fullmatch(name) for name in ids)


def test_a_safe_name_stays_and_no_other():
    assert make_ids(["a-1", "B_2"]) == ["a-1", "B_2"]
    assert not {"A", "a", "con", "../x"} & set(make_ids(["A", "a", "con", "../x"]))


@given(st.integers(0, 10**9), st.booleans())
def test_a_pair_is_never_named_like_a_sample(index, upper):
    key = key_of(index).upper() if upper else key_of(index)
    (name,) = make_ids([key])
    assert not KEY.fullmatch(name)
    assert name.startswith(f"{key}-")
