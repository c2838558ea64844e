"""How often does a proof call arms different that do not differ? Simulated, as shares of proofs.

    python tests/benchmarks/verdicts.py --proofs 1000

Groups and seeds each have an effect of their own, and so has every seed on every group; none of it
is a gain. One row for each number of groups and seeds, one column for each ratio of the seeds'
standard error to the groups'. At 95 % five in a hundred are due. Beside it, in brackets, what plain
percentiles of a bootstrap over groups and seeds together, as is usual, would say.
"""

from __future__ import annotations

import argparse

import numpy as np

from medsynth.quality.bootstrap import draw_groups, percentiles
from medsynth.quality.proof.verdict import compare

CASES = ((2, 5), (6, 5), (25, 2), (25, 3), (25, 5), (25, 10), (100, 5))
RATIOS = (0.0, 0.5, 1.0, 2.0, 10.0)
GROUP_EFFECT, CELL_EFFECT = 0.1, 0.05


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--proofs", type=int, default=1000)
    proofs = parser.parse_args().proofs
    print("| groups, seeds |", " | ".join(f"seeds' error {r:g}x" for r in RATIOS), "|")
    print("|---|" + "--:|" * len(RATIOS))
    for groups, seeds in CASES:
        cells = [share(groups, seeds, ratio, proofs) for ratio in RATIOS]
        told = " | ".join(f"{ours:.1%} ({plain:.0%})" for ours, plain in cells)
        print(f"| {groups}, {seeds} | {told} |", flush=True)


def share(groups: int, seeds: int, ratio: float, proofs: int) -> tuple[float, float]:
    """Return the share of proofs that call equal arms different: ours, plain percentiles."""
    effect = ratio * GROUP_EFFECT / np.sqrt(groups) * np.sqrt(seeds)
    ours = plain = 0
    for k in range(proofs):
        rng = np.random.default_rng([groups, seeds, int(10 * ratio), k])
        arm = rng.normal(0, effect, (seeds, 1)) + rng.normal(0, GROUP_EFFECT, (1, groups))
        arm = arm + rng.normal(0, CELL_EFFECT, (seeds, groups))
        ours += compare(arm, np.zeros_like(arm), [str(g) for g in range(groups)]).word != (
            "no evidence"
        )
        chosen, again = draw_groups(groups, rng, 800), draw_groups(seeds, rng, 800)
        low, high = percentiles((again @ arm * chosen).sum(1) / (groups * seeds))
        plain += low > 0 or high < 0
    return ours / proofs, plain / proofs


if __name__ == "__main__":
    main()
