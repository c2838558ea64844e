"""The engine `ray`: workers on an existing Ray cluster make the blocks.

This process plans, keeps order and stores, as without Ray. A worker is a Ray actor that loads
the run from its folder, which all nodes must see under the same path (the data too, where gates
are on). A block whose worker dies is made by another, to the same bytes; nodes that join the
cluster get workers, and those that leave it are done without.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray
import torch
from ray.exceptions import RayError, RayTaskError

from medsynth import __version__
from medsynth.core.errors import InputError, MedsynthError
from medsynth.io.runs import Run
from medsynth.workflows.augment.config import AugmentConfig, AugmentResult
from medsynth.workflows.augment.engine import Outcomes
from medsynth.workflows.augment.here import augment_here
from medsynth.workflows.augment.making import Making, load_making
from medsynth.workflows.augment.synthesis import Outcome
from medsynth.workflows.augment.wanted import Wanted
from medsynth.workflows.hardware import choose_device
from medsynth.workflows.recipe import Recipe, read_run_recipe

Report = Callable[[int, int, str], None]
BLOCKS_A_WORKER = 2
"""One is made, and one is there already when it is done."""
MOST_DEATHS = 4
"""Workers that a block, or the start of workers, may cost before it is given up."""
LOOK_AGAIN_S = 2.0
"""How often to look for nodes that joined or left."""
ANSWERS_WITHIN_S = 10.0
PATIENCE_S = 10.0
"""After so long without any worker, it is said what is waited for."""


@dataclass(frozen=True)
class Order:
    """What a worker needs to know to make a run's images.

    threads: CPU threads, the same for all, for bytes may depend on them.
    """

    run: Path
    sets: tuple[str, ...]
    seed: int
    device: str | None
    threads: int
    version: str = __version__


def augment_on_ray(
    run: Run, recipe: Recipe, config: AugmentConfig, report: Report
) -> AugmentResult:
    """Make samples until the run has `n`, by the workers of a Ray cluster.

    Raises:
        InputError: the cluster cannot be reached, or its workers cannot work.
    """
    ours = not ray.is_initialized()
    if ours:
        connect(config.ray_address or "auto")

    def open_engine(making: Making) -> RayEngine:
        threads = torch.get_num_threads()
        path = run.path.resolve()
        return RayEngine(Order(path, config.sets, making.seed, config.device, threads), report)

    try:
        with run.lock("augment --engine ray"):
            return augment_here(run, recipe, replace(config, device=None), report, open_engine)
    finally:
        if ours:
            ray.shutdown()


def connect(address: str) -> None:
    """Join a cluster that is there; only "local" starts one.

    Raises:
        InputError: there is none.
    """
    named = os.environ.get("RAY_ADDRESS", "auto") if address == "auto" else address
    try:
        if found := re.fullmatch(r"(?:ray://)?(.+):(\d+)", named):  # Ray alone asks for minutes
            socket.create_connection((found[1], int(found[2])), ANSWERS_WITHIN_S).close()
        ray.init(address=address, logging_level="error", log_to_driver=False)
    except (OSError, OverflowError, RuntimeError, ValueError) as error:
        where = "on this machine" if named == "auto" else f"at {named}"
        raise InputError(
            f"no Ray cluster can be reached {where}: {str(error).splitlines()[0]}",
            "Start one with 'ray start --head', name another with --ray-address HOST:PORT, or "
            "let this command start one on this machine alone with --ray-address local.",
        ) from error


class Worker:
    """The actor: a run, loaded when the first block comes."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self._making: Making | None = None

    def ready(self) -> None:
        """Say that the worker is there; a wrong version is refused."""
        if self.order.version != __version__:
            raise InputError(
                f"a node of the Ray cluster has medsynth {__version__}, not {self.order.version}.",
                "Install the same medsynth on all nodes.",
            )

    def make(self, block: Sequence[Wanted]) -> list[Outcome]:
        """Return what became of each mask of a block."""
        if self._making is None:
            self._making = self._load()
        return self._making.synthesis.make(block)

    def _load(self) -> Making:
        run = Run(self.order.run)
        if not run.recipe.is_file():
            node = ray.util.get_node_ip_address()
            raise InputError(
                f"{run.path} is not there on node {node} of the Ray cluster.",
                "Put run and data into a folder that all nodes see under the same path.",
            )
        recipe, device = read_run_recipe(run, self.order.sets), choose_device(self.order.device)
        making = load_making(run, recipe, self.order.seed, device, lambda *_: None)
        torch.set_num_threads(self.order.threads)
        return making


@dataclass(eq=False)
class Job:
    """A block, until its outcomes are there."""

    block: Sequence[Wanted]
    outcomes: list[Outcome] | None = None
    deaths: int = 0


class RayEngine:
    """A pool of workers that grows and shrinks with the cluster."""

    def __init__(self, order: Order, report: Report) -> None:
        self._order = order
        self._report = report
        self._queue: deque[Job] = deque()
        self._starting: dict[Any, Any] = {}
        """Worker by the reference that it answers when it is there."""
        self._hands: dict[Any, dict[Any, Job]] = {}
        """Of each worker that is there, what it has in hand."""
        self._stillborn = 0
        self._size, self._looked, self._since = 0, 0.0, time.monotonic()

    @property
    def ahead(self) -> int:
        """How many blocks keep all workers busy."""
        return BLOCKS_A_WORKER * max(1, self._size)

    def begin(self, block: Sequence[Wanted]) -> Outcomes:
        """Queue a block."""
        job = Job(block)
        self._queue.append(job)
        self._turn(0)
        return lambda: self._outcomes(job)

    def _outcomes(self, job: Job) -> list[Outcome]:
        while job.outcomes is None:
            self._turn(1)
        return job.outcomes

    def _turn(self, timeout_s: float) -> None:
        """Recruit, hand out, and take what is done."""
        self._recruit()
        self._hand_out()
        owners = {ref: worker for worker, jobs in self._hands.items() for ref in jobs}
        refs = [*owners, *self._starting]
        if not refs:
            time.sleep(timeout_s)
            return
        done, _ = ray.wait(refs, timeout=timeout_s)
        for ref in done:
            if ref in self._starting:
                self._take_up(ref)
            else:
                self._take(ref, owners[ref])

    def _recruit(self) -> None:
        """Look now and then how many workers the cluster has room for, and start or stop some."""
        if time.monotonic() - self._looked < LOOK_AGAIN_S:
            return
        self._looked = time.monotonic()
        self._size, needs = room_for_workers(self._order)
        spare = self._size - len(self._hands) - len(self._starting)
        for _ in range(spare):
            worker = ray.remote(Worker).options(**needs).remote(self._order)
            self._starting[worker.ready.remote()] = worker
        for ref in list(self._starting)[: max(0, -spare)]:  # their node has left
            ray.kill(self._starting.pop(ref))
        if self._hands:
            self._since = time.monotonic()
        elif time.monotonic() - self._since > PATIENCE_S:
            self._since = time.monotonic()
            self._report(0, 0, "waiting for a free worker of the Ray cluster")

    def _hand_out(self) -> None:
        while self._queue and self._hands:
            worker = min(self._hands, key=lambda each: len(self._hands[each]))
            if len(self._hands[worker]) >= BLOCKS_A_WORKER:
                return
            job = self._queue.popleft()
            self._hands[worker][worker.make.remote(job.block)] = job

    def _take_up(self, ref: Any) -> None:
        """Give work to a worker that is there now, unless it could not start."""
        worker = self._starting.pop(ref)
        try:
            ray.get(ref)
        except RayError as error:
            self._stillborn += 1
            if cause := known_cause(error):
                raise cause from error
            if self._stillborn >= MOST_DEATHS:
                raise InputError(
                    f"the workers of the Ray cluster cannot start: {str(error).splitlines()[-1]}",
                    "Install the same medsynth on all nodes, and look at Ray's logs.",
                ) from error
            return
        self._stillborn = 0
        self._hands[worker] = {}

    def _take(self, ref: Any, worker: Any) -> None:
        """Take what a worker made; where it died, all that it had in hand is queued again."""
        try:
            self._hands[worker][ref].outcomes = ray.get(ref)
            del self._hands[worker][ref]
        except RayTaskError as error:
            raise known_cause(error) or error from None
        except RayError as error:
            lost = list(self._hands.pop(worker).values())
            ray.kill(worker)  # perhaps it could only not be reached
            lost[0].deaths += 1
            if lost[0].deaths >= MOST_DEATHS:
                raise InputError(
                    f"{MOST_DEATHS} workers of the Ray cluster died of the same block.",
                    "Perhaps their memory is too small: look at Ray's logs.",
                ) from error
            self._queue.extendleft(reversed(lost))

    def __enter__(self) -> RayEngine:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in (*self._hands, *self._starting.values()):
            ray.kill(worker)


def room_for_workers(order: Order) -> tuple[int, dict[str, Any]]:
    """Return how many workers the cluster has room for, and what each needs.

    That is a GPU, where there are any and no other device is asked for; else as many CPUs as it
    has threads, or all of the largest node.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = int(sum(node.get("GPU", 0) for node in nodes))
    if gpus and (order.device is None or order.device.startswith("cuda")):
        return gpus, {"num_gpus": 1, "num_cpus": 1}
    largest = int(max((node.get("CPU", 0) for node in nodes), default=0))
    cpus = max(1, min(order.threads, largest))
    return sum(int(node.get("CPU", 0)) // cpus for node in nodes), {"num_cpus": cpus}


def known_cause(error: RayError) -> MedsynthError | None:
    """Return the error that a worker raised, where it is one that medsynth knows."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, MedsynthError) else None
