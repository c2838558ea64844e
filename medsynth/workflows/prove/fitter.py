"""Who fits and scores the segmenters of a proof: MONAI's networks, or the user's own script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch

from medsynth.workflows.prove.arms import Arm
from medsynth.workflows.prove.judged import Judged
from medsynth.workflows.prove.units import Unit


class Fitter(Protocol):
    """Fits segmenters, and scores them on pairs that they never saw."""

    def depends_on(self, arm: Arm, network: str) -> Any:
        """Return, as JSON values, what a segmenter depends on besides its pairs and its seed."""
        ...

    def fit(self, unit: Unit, device: torch.device, stop: Callable[[], bool]) -> None:
        """Fit a unit, and write `fitted`: {"curve", "step", "dice" on val, "pairs"}.

        Raises:
            InterruptedRunError: `stop` said so; nothing is written.
        """
        ...

    def score(self, unit: Unit, judged: Judged, device: torch.device) -> None:
        """Write the scores of a fitted unit on these pairs."""
        ...
