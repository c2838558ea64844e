"""SVG elements, escaped, and the scale that charts lay values out on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.etree.ElementTree import Element, tostring  # nothing is parsed

from markupsafe import Markup

WIDTH_PX = 400
"""Of all charts, in their own units: a phone shows them about as they are."""
SERIES = 7
"""Colours that the style sheet has for series: s0, s1, ..."""


def node(tag: str, text: str = "", inside: Sequence[Element] = (), **attributes: object) -> Element:
    """Return an element; `stroke_width` becomes stroke-width, `class_` class."""
    made = Element(tag)
    for name, value in attributes.items():
        shown = f"{value:.1f}" if isinstance(value, float) else str(value)
        made.set(name.rstrip("_").replace("_", "-"), shown)
    made.text = text or None
    made.extend(inside)
    return made


def drawing(height_px: float, says: str, inside: Sequence[Element]) -> Markup:
    """Return a whole picture; `says` is what a screen reader reads."""
    picture = node("svg", inside=inside, viewBox=f"0 0 {WIDTH_PX} {height_px:.0f}", role="img")
    picture.set("aria-label", says)
    return Markup(tostring(picture, encoding="unicode"))  # noqa: S704  # escaped by ElementTree


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` on pixels from `start_px` to `end_px`."""

    low: float
    high: float
    start_px: float
    end_px: float

    def __call__(self, value: float) -> float:
        """Return where a value lies.

        >>> Scale(0, 10, 100, 200)(5)
        150.0
        """
        share = (value - self.low) / (self.high - self.low)
        return self.start_px + share * (self.end_px - self.start_px)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round values that reach from `low` to `high` and beyond, a few at most.

    >>> ticks(0.13, 0.87)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    >>> ticks(5, 5)
    [4.0, 4.5, 5.0, 5.5, 6.0]
    """
    if high <= low:
        low, high = low - 1, high + 1
    rough = (high - low) / most
    power = 10 ** floor(log10(rough))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(k * step, 10) for k in range(first, last + 1)]


def value_axis(scale: Scale, values: Sequence[float], top_px: float, bottom_px: float,
               name: str) -> list[Element]:  # fmt: skip
    """Return a horizontal axis: lines up, numbers below, and the name of what is shown."""
    made = []
    for value in values:
        x = scale(value)
        made.append(node("line", class_="grid", x1=x, x2=x, y1=top_px, y2=bottom_px))
        made.append(node("text", f"{value:g}", class_="middle", x=x, y=bottom_px + 16))
    middle = (scale.start_px + scale.end_px) / 2
    return [*made, node("text", name, class_="middle", x=middle, y=bottom_px + 34)]
