"""What became of each entry of a plan: a byte an entry, however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from medsynth.store.manifest import Status

PAGE = 1 << 12
CODES: dict[Status, int] = {"accepted": 1, "given-up": 2}
STATUSES: dict[int, Status] = {code: status for status, code in CODES.items()}


class Settled:
    """The status of each settled entry, by its index in the plan.

    Kept in pages of `PAGE` bytes that are made when first written to, so that an index far
    off (of a shard, or a damaged one) costs a page and no more.
    """

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}
        self._counts: Counter[Status] = Counter()

    def note(self, index: int, status: Status) -> None:
        """Settle an entry that is not settled yet."""
        page, place = divmod(index, PAGE)
        self._pages.setdefault(page, bytearray(PAGE))[place] = CODES[status]
        self._counts[status] += 1

    def status(self, index: int) -> Status | None:
        """Return what became of an entry, or None where it is not settled."""
        page, place = divmod(index, PAGE)
        found = self._pages.get(page)
        return None if found is None else STATUSES.get(found[place])

    def count(self, status: Status) -> int:
        """Return how many entries have this status."""
        return self._counts[status]

    def __len__(self) -> int:
        """Return how many entries are settled."""
        return self._counts.total()

    def first_open(self) -> int:
        """Return the first index that is not settled."""
        page = 0
        while (found := self._pages.get(page)) is not None:
            place = found.find(0)
            if place >= 0:
                return page * PAGE + place
            page += 1
        return page * PAGE

    def pages(self) -> Iterator[tuple[int, bytearray]]:
        """Yield (number, bytes) of each page, by number."""
        yield from sorted(self._pages.items())

    @classmethod
    def from_pages(cls, pages: Iterator[tuple[int, bytes]]) -> Settled:
        """Return what `pages` described.

        Raises:
            ValueError: a page has another size, or holds what stands for no status.
        """
        settled = cls()
        for number, data in pages:
            counts = np.bincount(np.frombuffer(data, np.uint8), minlength=3)
            if len(data) != PAGE or len(counts) > 3:
                raise ValueError("not a page of statuses")
            settled._pages[number] = bytearray(data)
            for code, status in STATUSES.items():
                settled._counts[status] += int(counts[code])
        return settled
