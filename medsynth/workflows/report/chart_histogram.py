"""A histogram, with lines at values that give it a scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup

from medsynth.workflows.report.svg import WIDTH_PX, Scale, drawing, node, ticks, value_axis

BINS = 24
HEIGHT_PX = 120
LINE_PX = 18
"""Of each line of words above the bars."""


def histogram(values: Sequence[float], marked: Mapping[str, float], unit: str) -> Markup:
    """Return the histogram of some values, with a named line at each marked value."""
    every = [*values, *marked.values()]
    marks = ticks(min(every), max(every))
    scale = Scale(marks[0], marks[-1], 24, WIDTH_PX - 24)
    counts, edges = np.histogram(values, BINS, (marks[0], marks[-1]))
    top = LINE_PX * len(marked) + 8.0
    bottom = top + HEIGHT_PX
    inside = value_axis(scale, marks, top, bottom, unit)
    for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
        height = HEIGHT_PX * float(count) / max(1, int(counts.max()))
        if count:
            x, width = scale(float(left)), scale(float(right)) - scale(float(left)) - 1
            inside.append(
                node("rect", class_="fill", x=x, y=bottom - height, width=width, height=height)
            )
    for k, (name, value) in enumerate(marked.items()):
        x, y = scale(value), LINE_PX * k + 14.0
        side = {"class_": "end", "x": x - 5} if x > WIDTH_PX / 2 else {"x": x + 5}
        inside.append(node("line", class_=f"mark m{k}", x1=x, x2=x, y1=y - 10, y2=bottom))
        inside.append(node("text", f"{name}: {value:.3g}", y=y, **side))
    said = "; ".join(f"{name} at {value:.3g}" for name, value in marked.items())
    most, least = max(values), min(values)
    return drawing(
        bottom + 42, f"{unit} of {len(values)} images, {least:.3g} to {most:.3g}; {said}", inside
    )
