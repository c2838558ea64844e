"""Rows of dots: every value of each row, with their mean as a stroke."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from medsynth.workflows.report.svg import WIDTH_PX, Scale, drawing, node, ticks, value_axis

ROW_PX = 40


def dots(rows: Mapping[str, Sequence[float]], unit: str) -> Markup:
    """Return the chart; no row is empty."""
    every = [value for values in rows.values() for value in values]
    marks = ticks(min(every), max(every))
    scale = Scale(marks[0], marks[-1], 24, WIDTH_PX - 24)
    bottom = ROW_PX * len(rows) + 6
    inside = value_axis(scale, marks, 0, bottom, unit)
    said = []
    for k, (name, values) in enumerate(rows.items()):
        y, mean = ROW_PX * k + 30.0, sum(values) / len(values)
        x = scale(mean)
        inside.append(node("text", name, class_="halo", x=scale.start_px - 20, y=y - 12))
        inside += [node("circle", class_="ring", cx=scale(v), cy=y, r=4.5) for v in values]
        inside.append(node("line", class_="bar", x1=x, x2=x, y1=y - 9, y2=y + 9))
        said.append(f"{name} {mean:.3f}")
    return drawing(bottom + 42, f"{unit}, means: {'; '.join(said)}", inside)
