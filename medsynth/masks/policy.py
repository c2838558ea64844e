"""The mask policy at work: which operators are drawn for a mask, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from medsynth.core.types import Mask
from medsynth.masks.operators import operator
from medsynth.masks.perturbation import DrawContext, Perturbation, Step
from medsynth.masks.policy_options import PolicyNode, check_enough_masks, least_masks, walk_policy


class Policy:
    """Draws steps for masks.

    Args:
        nodes: the policy's options.
        masks: how many source masks hold objects.

    Raises:
        UsageError: an operator needs more masks than there are.
    """

    def __init__(self, nodes: Sequence[PolicyNode], masks: int) -> None:
        check_enough_masks(nodes, masks)
        self.nodes = nodes
        self._operators: dict[int, Perturbation] = {
            id(node): operator(node.op, node.options)
            for _, node in walk_policy(nodes, "")
            if node.op is not None and least_masks(node) <= masks
        }

    def draw(self, rng: np.random.Generator, context: DrawContext) -> tuple[tuple[Step, ...], Mask]:
        """Return the steps drawn for `context.mask`, in order, and the mask that they give."""
        steps: list[Step] = []
        mask = context.mask
        for node in self.nodes:
            mask = self._use(node, rng, replace(context, mask=mask), steps)
        return tuple(steps), mask

    def _use(
        self, node: PolicyNode, rng: np.random.Generator, context: DrawContext, steps: list[Step]
    ) -> Mask:
        """Use one node, with its chance; its steps are added to `steps`."""
        mask = context.mask
        if rng.random() >= node.p:
            return mask
        if node.one_of is not None:
            k = int(rng.choice(len(node.one_of), p=node.weights))
            return self._use(node.one_of[k], rng, context, steps)
        for inner in node.sequence or ():
            mask = self._use(inner, rng, replace(context, mask=mask), steps)
        perturbation = self._operators.get(id(node))
        if perturbation is not None:
            steps.append(perturbation.draw(rng, context))
            mask = perturbation.apply(mask, steps[-1], context.sources)
        return mask
