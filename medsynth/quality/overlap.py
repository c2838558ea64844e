"""Overlap of masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def pooled_dice(found: Sequence[NDArray[Any]], asked: Sequence[NDArray[Any]]) -> float:
    """Return the Dice of many masks with their counts pooled, in [0, 1].

    Pooling counts lets a tile with hardly any foreground weigh hardly anything; a mean of
    Dice values would be ruled by such tiles. 1 where neither side has any foreground.

    Args:
        found: (H, W) masks; nonzero is foreground.
        asked: as many (H, W) masks of the same sizes.

    >>> import numpy as np
    >>> pooled_dice([np.eye(2)], [np.ones((2, 2))])
    0.6666666666666666
    """
    both = sum(int(((a != 0) & (b != 0)).sum()) for a, b in zip(found, asked, strict=True))
    total = sum(int((a != 0).sum()) for a in (*found, *asked))
    return 2 * both / total if total else 1.0


def mean_dice(found: NDArray[Any], asked: NDArray[Any]) -> float:
    """Return the mean of the Dice of the classes in `asked`, in [0, 1].

    Where it asks for none, a thousandth of the picture counts as found rightly, so that little
    too much is nearly right, and much is wrong.

    Args:
        found: (H, W) class ids, 0 the background.
        asked: (H, W) class ids.

    >>> import numpy as np
    >>> mean_dice(np.array([[1, 2]]), np.array([[1, 1]]))
    0.6666666666666666
    >>> mean_dice(np.zeros((9, 9)), np.zeros((9, 9)))
    1.0
    """
    classes = [each for each in np.unique(asked) if each != 0]
    if not classes:
        slack = asked.size / 1000
        return float(slack / (slack + (found != 0).sum()))
    both = [2 * ((found == each) & (asked == each)).sum() for each in classes]
    total = [(found == each).sum() + (asked == each).sum() for each in classes]
    return float(np.mean(np.array(both) / np.array(total)))
