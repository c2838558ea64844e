"""By which settings a run's samples were made: more than one set is told in the datasheet."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from medsynth.store.manifest import ManifestRow


def sampler_settings(rows: Iterable[ManifestRow]) -> list[dict[str, Any]]:
    """Return each set of sampler settings of accepted samples, and how many it made.

    Sets are in the order in which they were first used; samples that say nothing have none.
    """
    made = Counter(
        json.dumps(dict(row.lineage.sampler))
        for row in rows
        if row.status == "accepted" and row.lineage.sampler
    )
    return [{"samples": count, **json.loads(text)} for text, count in made.items()]
