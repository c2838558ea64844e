"""The mask policy at work: which operators are drawn for a mask, in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from medsynth.core.types import Mask
from medsynth.masks.operators import operator
from medsynth.masks.perturbation import DrawContext, Perturbation, Step
from medsynth.masks.placement import Placement
from medsynth.masks.policy_options import PolicyNode, check_enough_masks, least_masks, walk_policy

MOST_TRIES = 6
"""Draws of a step, before the mask is left for the rules to refuse."""


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

    def draw(
        self,
        rng: np.random.Generator,
        context: DrawContext,
        placement: Placement | None = None,
    ) -> tuple[tuple[Step, ...], Mask]:
        """Return the steps drawn for `context.mask`, in order, and the mask that they give.

        Args:
            rng: the source of randomness.
            context: what is drawn for.
            placement: a step after which it holds no more is drawn again, a few times.
        """
        drawing = _Drawing(self._operators, rng, context, placement)
        for node in self.nodes:
            drawing.use(node)
        return tuple(drawing.steps), drawing.mask


class _Drawing:
    """A policy's draw under way."""

    def __init__(
        self,
        operators: Mapping[int, Perturbation],
        rng: np.random.Generator,
        context: DrawContext,
        placement: Placement | None,
    ) -> None:
        self.steps: list[Step] = []
        self.mask = context.mask
        self._operators, self._rng, self._context = operators, rng, context
        self._placement = placement
        self._in_place = True

    def use(self, node: PolicyNode) -> None:
        """Use one node, with its chance: its steps are added to `steps` and done to `mask`."""
        rng = self._rng
        if rng.random() >= node.p:
            return
        if node.one_of is not None:
            self.use(node.one_of[int(rng.choice(len(node.one_of), p=node.weights))])
        for inner in node.sequence or ():
            self.use(inner)
        perturbation = self._operators.get(id(node))
        if perturbation is not None:
            self._step(perturbation)

    def _step(self, perturbation: Perturbation) -> None:
        """Draw a step and apply it; again while it takes out of place what was in place."""
        context = replace(self._context, mask=self.mask)
        for _ in range(MOST_TRIES if self._in_place else 1):
            step = perturbation.draw(self._rng, context)
            mask = perturbation.apply(context.mask, step, context.sources)
            holds = self._placement is None or self._placement.holds(mask)
            if holds:
                break
        self._in_place = holds
        self.steps.append(step)
        self.mask = mask
