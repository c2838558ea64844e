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
WORDS_PX = 140
"""About how long these are."""


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
    rows, side = laid_out(marked, scale)
    lines, words = [], []
    for k, (name, value) in enumerate(rows):
        x, y = scale(value), LINE_PX * k + 14.0
        kind = "mark dashed" if name == "threshold" else "mark"
        lines.append(node("line", class_=kind, x1=x, x2=x, y1=y - 10, y2=bottom))
        words.append(node("text", f"{name}: {value:.3g}", class_=f"halo {side}",
                          x=x + (5 if side == "start" else -5), y=y))  # fmt: skip
    inside += lines + words
    said = "; ".join(f"{name} at {value:.3g}" for name, value in marked.items())
    most, least = max(values), min(values)
    return drawing(
        bottom + 42, f"{unit} of {len(values)} images, {least:.3g} to {most:.3g}; {said}", inside
    )


def laid_out(marked: Mapping[str, float], scale: Scale) -> tuple[list[tuple[str, float]], str]:
    """Return the marks from top to bottom, and how their words are anchored.

    Each line runs down from its own words, so words must lead away from the lines above them.
    """
    ascending = sorted(marked.items(), key=lambda each: each[1])
    if scale(ascending[-1][1]) + WORDS_PX < WIDTH_PX:
        return ascending, "start"
    return ascending[::-1], "end"
