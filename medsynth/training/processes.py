"""The processes of one fit: which rows of the global batch each takes, and what they agree on.

Batches are global: the batch of a step is the same whatever the number of processes, each
takes its share of the rows, and gradients are averaged. So losses are those of one process, and
a fit may be resumed with another number of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch import distributed as dist

from medsynth.core.errors import UsageError


@dataclass(frozen=True)
class Processes:
    """This process among all.

    rank: its number; 0 is the main one, which alone writes.
    count: how many there are.
    """

    rank: int = 0
    count: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes and reports."""
        return self.rank == 0

    def shares(self, batch: int, accumulate: int) -> list[slice]:
        """Return the rows of the global batch that this process takes, pass by pass.

        >>> Processes(rank=1, count=2).shares(8, accumulate=2)
        [slice(4, 6, None), slice(6, 8, None)]

        Raises:
            UsageError: the batch cannot be shared evenly.
        """
        size, rest = divmod(batch, self.count * accumulate)
        if rest:
            raise UsageError(
                f"training.batch={batch} cannot be split evenly: {self.count} process(es) take it "
                f"in {accumulate} passes (training.accumulate).",
                f"Take a multiple of {self.count * accumulate}.",
            )
        first = self.rank * accumulate
        return [slice((first + k) * size, (first + k + 1) * size) for k in range(accumulate)]

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean over the processes."""
        if self.count == 1:
            return values
        total = values.clone()
        dist.all_reduce(total)
        return total / self.count

    def any(self, flag: bool, device: torch.device) -> bool:
        """Return whether the flag is set on any process."""
        if self.count == 1:
            return flag
        return bool(self.mean(torch.tensor(float(flag), device=device)) > 0)

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if self.count > 1:
            dist.barrier()

    def told(self, value: str | None) -> str | None:
        """Return the main process's value on all of them."""
        if self.count == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def gathered(self, value: str | None) -> list[str | None]:
        """Return the values of all processes, by rank, on each of them."""
        values: list[str | None] = [None] * self.count
        if self.count == 1:
            return [value]
        dist.all_gather_object(values, value)
        return values
