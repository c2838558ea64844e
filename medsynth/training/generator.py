"""Fitting the generator: the base phase, then the Siamese phase, resumable at any step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import torch
from torch import nn

from medsynth.core.errors import InputError, InterruptedRunError
from medsynth.core.seeds import derive_seed
from medsynth.model.network import HintedDiffusion
from medsynth.model.objective import OBJECTIVES
from medsynth.model.precision import autocast, halve, saves_by_halving
from medsynth.model.siamese import BaseStep, ControlNetStep, StepInput, StepLosses, base_loss
from medsynth.model.siamese_options import SiameseOptions
from medsynth.training.checkpoints import PHASES, Checkpoints, CheckpointState, step_of
from medsynth.training.options import PhaseOptions, TrainingOptions
from medsynth.training.pairs import PairBatches
from medsynth.training.phase import Phase
from medsynth.training.processes import Processes

VAL_BATCHES = 4


@dataclass(frozen=True)
class FitPlan:
    """What is to be done, fixed before the first step.

    add_controlnet: gives the network what the second phase trains and it lacks.
    """

    base: PhaseOptions
    siamese: PhaseOptions
    step: SiameseOptions
    training: TrainingOptions
    add_controlnet: Callable[[HintedDiffusion], None]
    seed: int
    recipe_sha256: str

    def phase_options(self, name: str) -> PhaseOptions:
        """Return the options of a phase by its name."""
        return self.base if name == "base" else self.siamese

    @property
    def planned(self) -> dict[str, int]:
        """Planned steps by phase."""
        return {name: self.phase_options(name).steps for name in PHASES}


@dataclass(frozen=True)
class Hooks:
    """What a fit calls as it goes.

    report: progress as (done, total, text).
    log: a row of figures, every `log_every` steps.
    grid: after every `grid_every` steps and at a phase's end, with the averaged weights in
        place and no gradients held; (phase, finished steps); returns warnings in words.
    warn: a warning in words.
    stop: asked after every step; true ends the fit, resumably.
    """

    report: Callable[[int, int, str], None]
    log: Callable[[Mapping[str, float | int | str]], None]
    grid: Callable[[str, int], list[str]]
    warn: Callable[[str], None]
    stop: Callable[[], bool]


@dataclass(frozen=True)
class FitOutcome:
    """How a fit ended: its last checkpoint, and finished steps by phase."""

    last: CheckpointState
    steps: Mapping[str, int]


class GeneratorFit:
    """A fit under way.

    Args:
        network: without ControlNet as long as the base phase lasts.
        batches: training batches.
        val_batches: validation batches, or None where there are no validation pairs.
        plan: what is to be done.
        checkpoints: where it is kept.
        hooks: who is told, by the main process alone.
        processes: this process among all.
    """

    def __init__(
        self,
        network: HintedDiffusion,
        batches: PairBatches,
        val_batches: PairBatches | None,
        plan: FitPlan,
        checkpoints: Checkpoints,
        hooks: Hooks,
        processes: Processes = Processes(),  # noqa: B008 - frozen
    ) -> None:
        self.network = network
        self.batches = batches
        self.val = None if val_batches is None else fixed_batches(val_batches)
        self.plan = plan
        self.checkpoints = checkpoints
        self.hooks = hooks
        self.processes = processes
        self.device = next(network.parameters()).device
        self.best: tuple[str, float] | None = None
        self.started = time.monotonic()
        self.done_here = 0
        self.steps = plan.planned
        """Of each phase: those planned, or those that it took where it ended early."""
        self.drops = any(isinstance(m, nn.Dropout) and m.p > 0 for m in network.modules())

    def run(self, resume: CheckpointState | None) -> FitOutcome:
        """Fit to the end.

        Args:
            resume: a checkpoint of this fit to go on from.

        Raises:
            InputError: the checkpoint is of another plan; or the loss became NaN.
            InterruptedRunError: `hooks.stop` said so; a checkpoint has been written.
        """
        if resume is not None:
            self._check(resume)
            self.best = resume.best
            for each in self.checkpoints.states():
                self._count(each)
        state = resume
        for name in PHASES:
            if state is not None and PHASES.index(name) < PHASES.index(state.phase):
                continue
            if name == "base" and self.plan.base.steps == 0 and self.network.borrowed:
                continue  # its first weights are a base model's, which keeps them
            enter_phase(name, self.network, self.plan)
            begun = state if state is not None and state.phase == name else None
            if begun is None:
                self.best = None  # the base's loss, without a hint, is no measure of this phase
            state = self._phase(name, begun)
        assert state is not None
        return FitOutcome(state, self.steps)

    def _count(self, state: CheckpointState) -> None:
        """Keep in mind how many steps a phase took that ended early."""
        if state.ended_early:
            self.steps = {**self.steps, state.phase: state.step}

    def _check(self, state: CheckpointState) -> None:
        if dict(state.planned) != self.plan.planned:
            theirs = ", ".join(f"{k}.steps={v}" for k, v in state.planned.items())
            ours = ", ".join(f"{k}.steps={v}" for k, v in self.plan.planned.items())
            raise InputError(
                f"the fit was begun with {theirs}, and cannot go on with {ours}: the number of "
                "steps is part of the method.",
                "Resume without changing it, or start a new fit with --init-from RUN.",
            )
        if state.recipe_sha256 != self.plan.recipe_sha256:
            raise InputError(
                f"checkpoint {state.name} is from another recipe or other data.",
                "Resume with the run's own recipe, or start a new fit.",
            )

    def _load(self, phase: Phase, resume: CheckpointState) -> None:
        """Go on from a checkpoint; what was read of it is let go of."""
        parts = {part: self.checkpoints.load(resume, part) for part in resume.files}
        try:
            phase.load(parts)
        except ValueError as error:
            raise InputError(
                f"checkpoint {resume.name}: {error}.", "Use its own recipe."
            ) from error

    def _phase(self, name: str, resume: CheckpointState | None) -> CheckpointState:
        options, training = self.plan.phase_options(name), self.plan.training
        objective = phase_objective(name, self.network, self.plan)
        phase = Phase(name, self.network, objective, options, training, self.processes)
        state, first = resume, 0
        if resume is not None:
            self._load(phase, resume)
            first = resume.step
        end = first if resume is not None and resume.ended else options.steps
        for step in range(first, end):
            self._seed_dropout(name, step)
            losses = phase.step(step, partial(self.batches.batch, name, step))
            self._refuse_nan(losses, name, step)
            self.done_here += 1
            done = step + 1
            over = done == options.steps
            stopped = self.processes.any(self.hooks.stop(), self.device)
            if done % training.log_every == 0 or over:
                self._tell(name, done, losses)
            drawn = over or (training.grid_every and done % training.grid_every == 0)
            if drawn:
                self._draw_grid(phase, done)
            if over or stopped or done % training.checkpoint_every == 0:
                state = self._save(phase, done)
                over = self.processes.any(state.ended, self.device)
            if over and not drawn:
                self._draw_grid(phase, done)
            if stopped and not (over and name == PHASES[-1]):
                raise InterruptedRunError(f"stopped after {name} step {done} of {options.steps}.")
            if over:
                break
        if state is None:
            state = self._save(phase, options.steps)
        phase.average.put(phase.average.average)
        phase.drop_gradients()  # the next phase does not train all that this one did
        if name == "base" and training.base_weights == "best":
            self._put_best(phase)
        return state

    def _put_best(self, phase: Phase) -> None:
        """Put the weights with the best validation loss in place of the last, if it is known."""
        best = self.processes.told(None if self.best is None else self.best[0])
        if best is not None:
            phase.average.put(self.checkpoints.load(self.checkpoints.state(best), "average"))

    def _seed_dropout(self, name: str, step: int) -> None:
        """Let what a step drops follow from the seed, as all of its randomness does."""
        if self.drops:
            torch.manual_seed(
                derive_seed(self.plan.seed, name, "dropout", step, self.processes.rank)
            )

    @contextmanager
    def _as_used(self, phase: Phase) -> Iterator[None]:
        """Make the network what samplers will have: averaged weights, nothing dropped."""
        phase.drop_gradients()
        with phase.average.applied():
            self.network.eval()
            try:
                yield
            finally:
                self.network.train()

    def _draw_grid(self, phase: Phase, done: int) -> None:
        if self.processes.is_main:
            with self._as_used(phase):
                for warning in self.hooks.grid(phase.name, done):
                    self.hooks.warn(warning)
        self.processes.wait()

    def _refuse_nan(self, losses: StepLosses, name: str, step: int) -> None:
        if math.isfinite(losses.total.item()):
            return
        raise InputError(
            f"the loss became {losses.total.item()} at {name} step {step + 1}: the fit diverged.",
            f"The last checkpoint is whole. Start again with a lower learning rate: "
            f"--set {name}.learning_rate={self.plan.phase_options(name).learning_rate / 3:.2g}.",
        )

    def _tell(self, name: str, done: int, losses: StepLosses) -> None:
        if not self.processes.is_main:
            return
        elapsed = time.monotonic() - self.started
        rate = self.done_here * self.plan.training.batch / max(elapsed, 1e-9)
        row: dict[str, float | int | str] = {"phase": name, "step": done}
        row |= {key: round(value.item(), 6) for key, value in losses._asdict().items()}
        row["images_per_s"] = round(rate, 2)
        self.hooks.log(row)
        before = self.steps["base"] if name == "siamese" else 0
        text = f"{name} {done}, loss {row['mask']:.4f}, {rate:.1f} images/s"
        self.hooks.report(before + done, sum(self.steps.values()), text)

    def _save(self, phase: Phase, done: int) -> CheckpointState:
        """Write a checkpoint, by the main process; return its state."""
        try:
            if self.processes.is_main:
                return self._write(phase, done)
            plan = self.plan
            return CheckpointState(phase.name, done, plan.planned, plan.recipe_sha256)
        finally:
            self.processes.wait()

    def _write(self, phase: Phase, done: int) -> CheckpointState:
        val_loss = self._val_loss(phase) if self._is_due(phase, done) else None
        state = CheckpointState(
            phase.name, done, self.plan.planned, self.plan.recipe_sha256, val_loss, self.best
        )
        if val_loss is not None and math.isfinite(val_loss):
            if self.best is None or val_loss < self.best[1]:
                self.best = (state.name, val_loss)
            self.hooks.log({"phase": phase.name, "step": done, "val": round(val_loss, 6)})
        early = val_loss is not None and self._ends_early(phase, done)
        state = replace(state, best=self.best, ended_early=early)
        self._count(state)
        return self.checkpoints.save(state, phase.tensors())

    def _ends_early(self, phase: Phase, done: int) -> bool:
        """Tell whether a phase's patience is at its end."""
        patience = phase.options.patience
        if not patience or self.best is None:
            return False
        return done - step_of(self.best[0]) >= patience

    def _is_due(self, phase: Phase, done: int) -> bool:
        """Tell whether a checkpoint is one of every fit: where it was stopped must not matter."""
        return done % self.plan.training.checkpoint_every == 0 or done == phase.options.steps

    @torch.no_grad()
    def _val_loss(self, phase: Phase) -> float | None:
        """Return the loss of base or mask branch on the validation pairs, noise fixed."""
        if self.val is None:
            return None
        with self._as_used(phase), autocast(self.plan.training.precision, self.device):
            losses = [
                prediction_loss(self.network, each, phase.name, phase.pass_size, self.device)
                for each in self.val
            ]
        return sum(losses) / len(losses)


def enter_phase(name: str, network: HintedDiffusion, plan: FitPlan) -> None:
    """Give the network what a phase trains; random layers follow from the seed alone."""
    device, base = next(network.parameters()).device, name == "base"
    if not base:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(plan.seed, "controlnet") % 2**63)
            plan.add_controlnet(network)
        network.to(device)
    network.let_train(base)
    network.enable_checkpointing(plan.training.checkpointing)
    if not base and saves_by_halving(plan.training.precision, device):
        # Of a base model alone, which no checkpoint stores; and after the ControlNet was copied.
        halve(network, network.borrowed, plan.training.precision)


def phase_objective(name: str, network: HintedDiffusion, plan: FitPlan) -> nn.Module:
    """Return what a phase minimises, a module from batch and progress to losses."""
    if name == "base":
        return BaseStep(network)
    return cast(nn.Module, OBJECTIVES.get(plan.training.objective)(network, plan.step))


def fixed_batches(batches: PairBatches) -> list[StepInput]:
    """Return a few batches with fixed noise, on the CPU, for a loss to be compared over time."""
    count = min(VAL_BATCHES, math.ceil(len(batches.pairs) / batches.options.batch))
    return [batches.batch("val", step) for step in range(count)]


def prediction_loss(
    network: HintedDiffusion, batch: StepInput, phase: str, size: int, device: torch.device
) -> float:
    """Return the loss of the base's or the mask branch's prediction, no hint dropped.

    Args:
        network: on the device.
        batch: on the CPU.
        phase: "base" or "siamese".
        size: samples at once; divides the batch.
        device: where to compute.
    """
    hinted = batch._replace(keep=torch.ones_like(batch.keep))
    losses = []
    for first in range(0, len(batch.t), size):
        part = hinted.rows(slice(first, first + size)).to(device)
        if phase == "base":
            losses.append(float(base_loss(network, part)))
        else:
            losses.append(float(ControlNetStep(network, SiameseOptions())(part, 0.0).total))
    return sum(losses) / len(losses)
