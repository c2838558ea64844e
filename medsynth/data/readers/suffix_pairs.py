"""`x.jpg` with `x_segmentation.png` (or _mask, _gt, _label, ...), in one folder or several."""

from __future__ import annotations

from pathlib import PurePosixPath

from medsynth.data.listing import Listing
from medsynth.data.readers import Found
from medsynth.data.readers.matching import MASK_SUFFIX, Named, match


class SuffixPairs:
    """Masks told from images by the end of their names, wherever the two lie."""

    title = "x.jpg with x_segmentation.png, x_mask.png, x_gt.png, x_label.png or x_seg.png"

    def find(self, listing: Listing) -> Found | None:
        """Return the pairs; files of one folder are matched before those of different ones."""
        masks = [path for path in listing.images if MASK_SUFFIX.search(path.stem)]
        if not masks:
            return None
        images = [path for path in listing.images if not MASK_SUFFIX.search(path.stem)]
        homes = {path.parent for path in images}
        together = all(path.parent in homes for path in masks)
        found = match(_keys(images, together), _keys(masks, together))
        return found if found.pairs else None


def _keys(paths: list[PurePosixPath], together: bool) -> list[Named]:
    """Return keys with the folder where masks lie beside their images, else stems alone."""
    return [
        Named((path.with_suffix("") if together else PurePosixPath(path.stem)).as_posix(),
              path.as_posix())
        for path in paths
    ]  # fmt: skip
