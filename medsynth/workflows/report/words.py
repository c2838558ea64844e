"""Numbers as a reader wants them."""

from __future__ import annotations

from collections.abc import Sequence


def number(value: float | None, digits: int = 3) -> str:
    """Return a number, or a dash where there is none.

    >>> number(0.88471), number(-0.00001), number(None)
    ('0.885', '0.000', '–')
    """
    if value is None:
        return "–"
    return f"{round(value, digits) + 0.0:.{digits}f}"


def percent(share: float) -> str:
    r"""Return a share in percent, not to be torn apart at the end of a line.

    >>> percent(0.875), percent(0.004)
    ('88\xa0%', '0.4\xa0%')
    """
    return f"{100 * share:.{1 if 0 < share < 0.01 else 0}f}\N{NO-BREAK SPACE}%"


def spread(interval: Sequence[float] | None, digits: int = 3) -> str:
    """Return an interval in words; nothing where there is none.

    >>> spread([0.64, 0.9143], 2)
    '0.64 to 0.91'
    """
    return "" if interval is None else " to ".join(number(end, digits) for end in interval)


def with_spread(value: float | None, interval: Sequence[float] | None, digits: int = 3) -> str:
    """Return a number with its interval in brackets.

    >>> with_spread(0.785, [0.64, 0.9143], 2), with_spread(0.5, None, 1)
    ('0.79 (0.64 to 0.91)', '0.5')
    """
    said = spread(interval, digits)
    return f"{number(value, digits)} ({said})" if said else number(value, digits)
