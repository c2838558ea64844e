import pytest
from pydantic import Field

from medsynth.core.errors import UsageError, did_you_mean, listed
from medsynth.core.options import Options, parse_options, walk_fields
from medsynth.workflows.recipe import Recipe


class Inner(Options):
    """Inner."""

    depth: int = Field(default=1, ge=1)
    """How deep."""


class Outer(Options):
    """Outer."""

    rate: float = Field(default=0.1, gt=0)
    """How fast."""
    inner: Inner = Field(default_factory=Inner)
    """What is inside."""
    perhaps: Inner | None = None
    """What may be inside."""
    many: tuple[Inner, ...] = ()
    """What is inside, many times."""


def refused(values):
    with pytest.raises(UsageError) as caught:
        parse_options(Outer, values, "recipe x")
    assert caught.value.exit_code == 2
    return caught.value.what


def test_all_problems_are_told_at_once():
    said = refused({"rate": -1, "iner": {}, "inner": {"depth": 0, "dept": 2}})
    assert said.startswith("recipe x: ")
    for part in (
        "rate: input should be greater than 0 (got -1)",
        "unknown key 'iner': did you mean 'inner'?",
        "inner.depth: input should be greater than or equal to 1 (got 0)",
        "unknown key 'inner.dept': did you mean 'depth'?",
    ):
        assert part in said


@pytest.mark.parametrize("key", ["perhaps", "many"])
def test_suggestions_are_of_the_model_that_was_meant(key):
    value = {"detph": 1} if key == "perhaps" else [{"detph": 1}]
    assert "did you mean 'depth'?" in refused({key: value})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"size": 64}, "unknown key 'size': did you mean 'data.size'?"),
        (
            {"data": {"steps": 64}},
            "unknown key 'data.steps': did you mean 'base.steps', 'siamese.steps', "
            "'sampling.steps', 'model.codec.steps' and 2 more?",
        ),
        ({"siez": 64}, "unknown key 'siez': known: base, data, "),
    ],
)
def test_keys_of_another_section_are_named_with_it(values, said):
    with pytest.raises(UsageError) as caught:
        parse_options(Recipe, values, "recipe x")
    assert f"recipe x: {said}" in caught.value.what


def test_keys_that_are_like_nothing_get_the_list():
    assert "known: inner, many, perhaps, rate" in refused({"zzz": 1})


@pytest.mark.parametrize("values", [{1: 2}, {None: 1}, {True: 1}, {"inner": {3: 4}}])
def test_keys_that_are_no_text_are_refused(values):
    assert "recipe x: " in refused(values)


@pytest.mark.parametrize("values", [{"inner": None}, {"inner": 3}, {"inner": []}, {"rate": "x"}])
def test_values_of_another_kind_are_refused_with_their_key(values):
    key = next(iter(values))
    assert f"{key}: " in refused(values)


def test_options_do_not_change_and_hold_their_help():
    options = parse_options(Outer, {}, "x")
    with pytest.raises(ValueError, match="frozen"):
        options.rate = 2
    assert dict(walk_fields(Outer))["inner.depth"] == "How deep."


def test_every_option_of_a_recipe_has_help():
    without = [key for key, text in walk_fields(Recipe) if not text]
    assert without == []


def test_a_size_that_is_neither_number_nor_pair_is_told_once():
    """`data.size` takes one of two forms; the message shall not be in terms of pydantic."""
    with pytest.raises(UsageError) as caught:
        parse_options(Recipe, {"data": {"size": "big"}}, "recipe x")
    assert caught.value.what == (
        "recipe x: data.size: input should be a valid integer, or input should be a list such as "
        "[128, 128] (got 'big')"
    )
    with pytest.raises(UsageError, match=r"window: input should be a list such as \[0.5, 99.5\]"):
        parse_options(Recipe, {"data": {"window": "wide"}}, "recipe x")
    with pytest.raises(UsageError, match=r"data\.size\.1: input should be a valid integer"):
        parse_options(Recipe, {"data": {"size": [64, "b"]}}, "recipe x")


def test_a_list_without_numbers_by_default_gets_no_example():
    assert "many: input should be a list (got 'x')" in refused({"many": "x"})


def test_did_you_mean():
    assert did_you_mean("nifti", ["coco", "folder"]) == "known: coco, folder"
    assert did_you_mean("foldr", ["coco", "folder"]) == "did you mean 'folder'?"


def test_listed():
    assert listed("abc", 3) == "a, b, c"
    assert listed("abcde", 3) == "a, b, c and 2 more"
