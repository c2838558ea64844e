"""What converting masks to objects did, added up for the user."""

from __future__ import annotations

from dataclasses import dataclass, field

from medsynth.core.words import counted


@dataclass(slots=True)
class RoundTrips:
    """IoU of objects with what a reader makes of them: mean and worst."""

    count: int = 0
    total: float = 0.0
    worst: float = 1.0

    def add(self, iou: float) -> None:
        """Count one object."""
        self.count += 1
        self.total += iou
        self.worst = min(self.worst, iou)

    def note(self, what: str) -> list[str]:
        """Return it as a sentence; none where nothing was counted."""
        if not self.count:
            return []
        mean = self.total / self.count
        return [f"{what} read back with IoU {mean:.4f} on average, {self.worst:.4f} at worst."]


@dataclass(slots=True)
class Tally:
    """Objects written, left out, and changed.

    bridged_holes, bridged_parts: objects with holes, or in several pieces, that a polygon
        holds only by a line that joins them to the outline.
    """

    objects: int = 0
    dropped: int = 0
    dropped_px: int = 0
    from_components: int = 0
    bridged_holes: int = 0
    bridged_parts: int = 0
    ious: RoundTrips = field(default_factory=RoundTrips)

    def add(self, other: Tally) -> None:
        """Add what converting another sample did."""
        self.objects += other.objects
        self.dropped += other.dropped
        self.dropped_px += other.dropped_px
        self.from_components += other.from_components
        self.bridged_holes += other.bridged_holes
        self.bridged_parts += other.bridged_parts
        self.ious.count += other.ious.count
        self.ious.total += other.ious.total
        self.ious.worst = min(self.ious.worst, other.ious.worst)

    def notes(self, min_area_px: int = 1) -> list[str]:
        """Return it in sentences for the user."""
        notes = [f"{counted(self.objects, 'object')}."]
        if self.from_components:
            notes.append(
                f"{self.from_components} of them are 8-connected components of one class, "
                "since their masks hold no instances: touching objects are one."
            )
        if self.dropped:
            notes.append(
                f"Left out: {counted(self.dropped, 'object')} under {min_area_px} px "
                f"({self.dropped_px} px in all)."
            )
        if self.bridged_holes or self.bridged_parts:
            notes.append(
                f"With holes: {counted(self.bridged_holes, 'object')}; in several pieces: "
                f"{self.bridged_parts}. A row holds one outline, so both are joined to it by "
                "lines, which between pieces cross background."
            )
        return [*notes, *self.ious.note("Polygons")]
