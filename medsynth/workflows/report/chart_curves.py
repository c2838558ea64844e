"""Curves over the same steps, told apart by colour, dashes and a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from medsynth.workflows.report.svg import (
    SERIES,
    WIDTH_PX,
    Scale,
    drawing,
    node,
    ticks,
    value_axis,
)

HEIGHT_PX = 200
LEFT_PX = 46
DASHES = ("none", "7 4", "2 3", "9 3 2 3", "4 2", "12 4", "1 5")
Curve = Sequence[tuple[float, float]]


def curves(lines: Mapping[str, Curve], x_name: str, y_name: str) -> Markup:
    """Return the chart with its legend below, a line of it a curve; no curve is empty."""
    points = [point for line in lines.values() for point in line]
    x_marks = ticks(0, max(x for x, _ in points))
    y_marks = ticks(min(y for _, y in points), max(y for _, y in points))
    across = Scale(x_marks[0], x_marks[-1], LEFT_PX, WIDTH_PX - 14)
    up = Scale(y_marks[0], y_marks[-1], HEIGHT_PX, 12)
    inside = value_axis(across, x_marks, 12, HEIGHT_PX, x_name)
    for mark in y_marks:
        y = up(mark)
        inside.append(node("line", class_="grid", x1=LEFT_PX, x2=WIDTH_PX - 14, y1=y, y2=y))
        inside.append(node("text", f"{mark:g}", class_="end", x=LEFT_PX - 6, y=y + 4))
    for k, (name, line) in enumerate(lines.items()):
        kind, dash = f"curve s{k % SERIES}", DASHES[k % len(DASHES)]
        path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in line)
        y = HEIGHT_PX + 60.0 + 20 * k
        inside += [
            node("polyline", points=path, class_=kind, stroke_dasharray=dash),
            *(node("circle", class_=f"point s{k % SERIES}", cx=across(x), cy=up(v), r=2.5)
              for x, v in line),
            node("line", x1=LEFT_PX, x2=LEFT_PX + 44, y1=y - 4, y2=y - 4, class_=kind,
                 stroke_dasharray=dash),
            node("text", name, x=LEFT_PX + 54, y=y),
        ]  # fmt: skip
    said = "; ".join(f"{name} ends at {line[-1][1]:.3f}" for name, line in lines.items())
    height = HEIGHT_PX + 50 + 20 * len(lines)
    return drawing(height, f"{y_name} over {x_name}: {said}", inside)
