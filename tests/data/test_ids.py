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


def test_keys_of_one_stem_and_one_short_hash_have_ids_of_their_own():
    keys = ["p +++       +++++ +    ", "p +++++++  + +    +++  "]
    assert {make_ids([key])[0] for key in keys} == {"p-2137850fa1"}
    ids = make_ids([*keys, "other"])
    assert len(set(ids)) == 3
    assert ids[2] == "other"
    assert all(SAFE.fullmatch(name) for name in ids)


def test_a_key_that_is_what_another_becomes_is_not_its_id_too():
    keys = ["b/c d"]
    for _ in range(2):
        keys.append(make_ids(keys)[0])
        ids = make_ids(keys)
        assert len({name.lower() for name in ids}) == len(keys)
        assert all(SAFE.fullmatch(name) for name in ids)


def test_equal_keys_have_equal_ids():
    first, second, other = make_ids(["a b", "a b", "c"])
    assert first == second != other
