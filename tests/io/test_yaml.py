import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.core.errors import InputError, UsageError
from medsynth.io.yaml import MOST_BYTES, dump_yaml, load_yaml, read_yaml

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n"


def refused(text):
    with pytest.raises(UsageError) as caught:
        load_yaml(text, "recipe x")
    assert caught.value.what.startswith("recipe x is")
    assert "\n" not in caught.value.what
    return caught.value.what


@pytest.mark.parametrize("text", [BOMB, "base: &b {x: 1}\nmore:\n  <<: *b\n", "a: &a [*a]"])
def test_aliases_are_refused(text):
    assert "anchors and aliases are not allowed" in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['echo pwned > /tmp/pwned']",
        "x: !!python/name:os.system",
        "x: !custom 3",
        "!!python/object/new:type [x, [], {}]",
    ],
)
def test_tags_are_refused(text):
    assert "could not determine a constructor" in refused(text)


def test_half_a_character_is_refused():
    assert "half a character" in refused('a: "\\ud800"')
    assert load_yaml('a: "\\U0001f600"', "x") == {"a": "\U0001f600"}


def test_what_is_too_large_is_refused(tmp_path):
    path = tmp_path / "big.yaml"
    path.write_text("a: " + "x" * 10_000_000)
    with pytest.raises(UsageError, match=f"larger than {MOST_BYTES} bytes"):
        read_yaml(path)


def test_what_is_too_deep_is_refused():
    assert "not valid YAML" in refused("[" * 20_000)


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "{", "a:\t- b\n\tc", "\x00", "'"])
def test_what_is_no_yaml_is_refused(text):
    assert "not valid YAML" in refused(text)


def test_keys_that_come_twice_are_refused():
    """The later would silently win; in a recipe that is a mistake."""
    assert "'steps' comes twice" in refused("base: {steps: 1, steps: 2}")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(tmp_path / "gone.yaml")
    (tmp_path / "latin.yaml").write_bytes("a: ü".encode("latin-1"))
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(tmp_path / "latin.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(tmp_path)


TEXT = st.text(st.characters(categories=("L", "N", "P", "S"), max_codepoint=0xFFFF), max_size=20)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


@given(PLAIN)
def test_plain_values_come_back_as_they_were(value):
    assert load_yaml(dump_yaml(value), "x") == value


def test_keys_keep_their_order():
    assert dump_yaml({"b": 1, "a": 2}).splitlines()[0] in ("b: 1", "{b: 1, a: 2}")
    assert list(load_yaml("b: 1\na: 2", "x")) == ["b", "a"]


def test_only_true_and_false_are_booleans():
    """YAML 1.1 reads off, no and n as false: an option called off could not be turned off."""
    found = load_yaml("[true, False, off, on, yes, no, n, 1]", "here")
    assert found == [True, False, "off", "on", "yes", "no", "n", 1]
