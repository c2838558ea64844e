"""A forest plot: gains with their intervals, around the line of no difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from medsynth.workflows.report.svg import WIDTH_PX, Scale, drawing, node, ticks, value_axis

ROW_PX = 42


@dataclass(frozen=True, slots=True)
class Gain:
    """What one arm gains, with its interval, in the chart's unit."""

    name: str
    value: float
    low: float
    high: float


def forest(gains: Sequence[Gain], unit: str) -> Markup:
    """Return the plot, a row a gain: its name above, its interval below, 0 as a line across."""
    marks = ticks(min(0.0, *(g.low for g in gains)), max(0.0, *(g.high for g in gains)))
    scale = Scale(marks[0], marks[-1], 24, WIDTH_PX - 24)
    bottom = ROW_PX * len(gains) + 6
    inside = value_axis(scale, marks, 0, bottom, unit)
    inside.append(node("line", class_="zero", x1=scale(0), x2=scale(0), y1=0, y2=bottom))
    for k, gain in enumerate(gains):
        y = ROW_PX * k + 30.0
        ends = scale(gain.low), scale(gain.high)
        inside += [
            node("text", gain.name, class_="halo", x=scale.start_px - 20, y=y - 12),
            node("line", class_="bar", x1=ends[0], x2=ends[1], y1=y, y2=y),
            *(node("line", class_="bar", x1=x, x2=x, y1=y - 5, y2=y + 5) for x in ends),
            node("circle", class_="dot", cx=scale(gain.value), cy=y, r=5),
        ]
    said = "; ".join(f"{g.name} {g.value:+.1f} ({g.low:+.1f} to {g.high:+.1f})" for g in gains)
    return drawing(bottom + 42, f"{unit}: {said}", inside)
