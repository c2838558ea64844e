"""report.html: what a run's evaluation and proof have found, on one page for people.

`write` reads what the run holds, the other files turn each part of it into words, tables,
pictures and drawings, and `templates/` lays them out. Charts are pure functions to SVG.
"""
