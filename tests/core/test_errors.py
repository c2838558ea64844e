import pytest

from medsynth.core import errors


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.UsageError, 2),
        (errors.InputError, 3),
        (errors.NothingAcceptableError, 4),
        (errors.InterruptedRunError, 130),
    ],
)
def test_exit_codes(kind, code):
    error = kind("what happened", "what to do")
    assert (error.exit_code, error.what, error.tip) == (code, "what happened", "what to do")
    assert str(error) == "what happened"
