"""Why a drawn mask is refused, and which of two flaws is the less bad."""

from __future__ import annotations

from dataclasses import dataclass

VANISHED = "too little foreground left"
CLASS_LOST = "a class was lost"
IMPLAUSIBLE = "implausible: "
RARE_COUNT = IMPLAUSIBLE + "rare object count"
DUPLICATE = "the same mask as another"
LIKE_REAL = "too like a real mask"
LIKE_PLANNED = "too like another new mask"
NOT_WANTED = "not of the kind that the balance asks for"

NOT_WANTED_BADNESS = 0.05
LIKE_PLANNED_BADNESS = 0.2
LIKE_REAL_BADNESS = 0.25
IMPLAUSIBLE_BADNESS = (0.3, 0.99)
"""From just beyond a bound to far beyond it."""
DUPLICATE_BADNESS = 0.45
CLASS_LOST_BADNESS = 1.0


@dataclass(frozen=True, slots=True, order=True)
class Flaw:
    """Why a mask is refused; the lesser of two flaws is the less bad.

    detail: what was found and what is allowed, where there is more to say.
    """

    badness: float
    reason: str
    detail: str = ""

    @property
    def is_unbelievable(self) -> bool:
        """Whether the mask itself is wrong, rather than one too many."""
        return self.reason not in (DUPLICATE, LIKE_REAL, LIKE_PLANNED, NOT_WANTED)
