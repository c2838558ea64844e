"""The plan of FID's Inception: which convolutions stand in which branch of which block.

Names are those of the published weights; Szegedy et al. (CVPR 2016), figures 5 to 7.
"""

from __future__ import annotations

from typing import NamedTuple


class Conv(NamedTuple):
    """A convolution: its name, channels and kernel; of stride 2 it has no padding."""

    name: str
    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1


Chain = tuple[Conv | tuple[Conv, Conv], ...]
"""Convolutions one after the other; a pair at the end is a fork, side by side."""
DEEP = "branch3x3dbl_"
WIDE = "branch7x7_"
WIDER = "branch7x7dbl_"


def block_a(pooled: int) -> tuple[Chain, ...]:
    """Return the branches of the blocks at 35x35."""
    return (
        (Conv("branch1x1", 64),),
        (Conv("branch5x5_1", 48), Conv("branch5x5_2", 64, (5, 5))),
        (Conv(DEEP + "1", 64), Conv(DEEP + "2", 96, (3, 3)), Conv(DEEP + "3", 96, (3, 3))),
        (Conv("branch_pool", pooled),),
    )


def block_b() -> tuple[Chain, ...]:
    """Return the branches of the block from 35x35 to 17x17."""
    return (
        (Conv("branch3x3", 384, (3, 3), 2),),
        (Conv(DEEP + "1", 64), Conv(DEEP + "2", 96, (3, 3)), Conv(DEEP + "3", 96, (3, 3), 2)),
    )


def block_c(inner: int) -> tuple[Chain, ...]:
    """Return the branches of the blocks at 17x17."""
    row, column = (1, 7), (7, 1)
    return (
        (Conv("branch1x1", 192),),
        (Conv(WIDE + "1", inner), Conv(WIDE + "2", inner, row), Conv(WIDE + "3", 192, column)),
        (
            Conv(WIDER + "1", inner),
            *(Conv(WIDER + str(k), inner, (row, column)[k % 2 == 0]) for k in (2, 3, 4)),
            Conv(WIDER + "5", 192, row),
        ),
        (Conv("branch_pool", 192),),
    )


def block_d() -> tuple[Chain, ...]:
    """Return the branches of the block from 17x17 to 8x8."""
    name = "branch7x7x3_"
    return (
        (Conv("branch3x3_1", 192), Conv("branch3x3_2", 320, (3, 3), 2)),
        (
            Conv(name + "1", 192),
            Conv(name + "2", 192, (1, 7)),
            Conv(name + "3", 192, (7, 1)),
            Conv(name + "4", 192, (3, 3), 2),
        ),
    )


def block_e() -> tuple[Chain, ...]:
    """Return the branches of the blocks at 8x8."""
    return (
        (Conv("branch1x1", 320),),
        (Conv("branch3x3_1", 384), _fork("branch3x3_2")),
        (Conv(DEEP + "1", 448), Conv(DEEP + "2", 384, (3, 3)), _fork(DEEP + "3")),
        (Conv("branch_pool", 192),),
    )


def _fork(name: str) -> tuple[Conv, Conv]:
    return Conv(name + "a", 384, (1, 3)), Conv(name + "b", 384, (3, 1))


STEM = (("1a_3x3", 3, 32, 3, 2, 0), ("2a_3x3", 32, 32, 3, 1, 0), ("2b_3x3", 32, 64, 3, 1, 1))
SECOND = (("3b_1x1", 64, 80, 1, 1, 0), ("4a_3x3", 80, 192, 3, 1, 0))
"""(name, channels in, channels out, kernel, stride, padding); a pool follows each group."""
BLOCKS = (
    ("5b", 192, block_a(32), "mean"),
    ("5c", 256, block_a(64), "mean"),
    ("5d", 288, block_a(64), "mean"),
    ("6a", 288, block_b(), "halve"),
    ("6b", 768, block_c(128), "mean"),
    ("6c", 768, block_c(160), "mean"),
    ("6d", 768, block_c(160), "mean"),
    ("6e", 768, block_c(192), "mean"),
    ("7a", 768, block_d(), "halve"),
    ("7b", 1280, block_e(), "mean"),
    ("7c", 2048, block_e(), "largest"),
)
"""(name, channels in, branches, how the last branch pools)."""
