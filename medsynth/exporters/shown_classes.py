"""Which classes the exported masks show, looked at as they pass to the exporter."""

from __future__ import annotations

from collections.abc import Callable

from medsynth.core.types import Sample
from medsynth.exporters.export_set import ExportSet, Row
from medsynth.store.shows import shows_of


class ShownClasses:
    """What the masks show that an exporter has loaded; each counts once, however often read."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[int, ...]] = {}
        self._known: dict[tuple[int, ...], tuple[int, ...]] = {}

    def noting(self, load: Callable[[Row], Sample]) -> Callable[[Row], Sample]:
        """Return the loader, looked over its shoulder; threads may share it."""

        def noted(row: Row) -> Sample:
            sample = load(row)
            classes = tuple(shows_of(sample.mask)["classes"])
            self._of[row.id] = self._known.setdefault(classes, classes)
            return sample

        return noted

    def counts(self, export_set: ExportSet) -> list[dict[str, object]] | None:
        """Return for each class how many pairs show it, by split and origin.

        None where the exporter has not loaded every row. Key "nothing" counts empty masks.
        """
        if any(row.id not in self._of for row in export_set.rows):
            return None
        names: dict[int | None, str] = {
            item.id: item.name for item in export_set.classes if item.id
        }
        shown: dict[int | None, dict[str, int]] = {each: {} for each in (*names, None)}
        for row in export_set.rows:
            for class_id in self._of[row.id] or (None,):
                pairs = shown.setdefault(class_id, {})
                key = f"{row.split} {row.origin}"
                pairs[key] = pairs.get(key, 0) + 1
        return [
            {"id": class_id, "name": names.get(class_id, "nothing"), "pairs": pairs}
            for class_id, pairs in shown.items()
            if class_id is not None or pairs
        ]
