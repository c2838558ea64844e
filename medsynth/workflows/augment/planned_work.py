"""Work from the mask plan: new masks, planned as far as they are asked for."""

from __future__ import annotations

from collections import Counter

from medsynth.data.records import DataIndex
from medsynth.io.atomic import write_bytes
from medsynth.io.runs import Run
from medsynth.masks.acceptance import count_relaxed
from medsynth.masks.plan import Planner
from medsynth.masks.plan_entry import PlanEntry
from medsynth.masks.render import render
from medsynth.store.journal import Journal
from medsynth.workflows.augment.wanted import Wanted
from medsynth.workflows.recipe import Recipe
from medsynth.workflows.source_masks import SourceMasks, resolved_masks

BLOCKS_AHEAD = 16


def begin_plan(run: Run) -> None:
    """Let a run's plan be empty; or what came with it, where it was given away."""
    if run.given.is_file():
        write_bytes(run.plan, run.given.read_bytes())
    else:
        run.plan.unlink(missing_ok=True)


class PlannedWork:
    """The run's mask plan, extended block after block.

    Args:
        run: the run; its plan is read and extended.
        recipe: batch size, mask policy.
        index: the run's data.
        seed: of the plan.
    """

    def __init__(self, run: Run, recipe: Recipe, index: DataIndex, seed: int) -> None:
        self._recipe = recipe
        self._options = resolved_masks(recipe.masks, index)
        self._seed = seed
        self._sources = SourceMasks(index)
        self._items = {item.id: item for item in index.split("train")}
        self._journal = Journal(run.plan)
        self._planner: Planner | None = None
        self.relaxed: Counter[str] = Counter()
        self.waits = False

    def block(self, number: int) -> list[Wanted]:
        """Return a block of the plan."""
        size = self._recipe.sampling.batch
        end = (number + 1) * size
        if len(self._journal) < end:
            self._extend(end + BLOCKS_AHEAD * size)
        entries = [PlanEntry.from_json(self._journal[row]) for row in range(end - size, end)]
        self.relaxed.update(count_relaxed(entries))
        return [self._wanted(entry) for entry in entries]

    def _extend(self, length: int) -> None:
        if self._planner is None:
            known = map(PlanEntry.from_json, self._journal)
            self._planner = Planner(self._sources, self._options, self._seed, known)
        grown = self._planner.until(length)
        self._journal.append([planned.entry.to_json() for planned in grown])

    def _wanted(self, entry: PlanEntry) -> Wanted:
        sources = entry.source_ids()
        groups = [self._items[each].group for each in sources]
        return Wanted(
            entry.index,
            entry.key,
            render(entry, self._sources),
            sources,
            tuple(step.to_json() for step in entry.steps),
            "+".join(dict.fromkeys(groups)),
            frozenset(groups),
            self._items[entry.source].attributes,
        )
