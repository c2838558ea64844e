"""medsynth's commands in processes of their own, without the seconds that importing takes.

One process imports everything and forks another for each command. That one may be told to send
itself a signal at its n-th touch of the disk: a place that can be found again, between any two
operations on files, which a clock would seldom hit.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

import medsynth

TOUCHES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "os.link"}
MODULES = (
    "torch.utils.tensorboard.writer",
    "medsynth.cli.app",
    "medsynth.workflows.augment.augment",
    "medsynth.workflows.export.export",
    "medsynth.workflows.fit.fit",
    "medsynth.workflows.prove.prove",
)
"""What the commands import when they run."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Ended:
    """How a command ended: its code (below 0: the signal), its touches of the disk, its words."""

    code: int
    touches: int
    said: str


class Forked:
    """Runs commands, one at a time; to be closed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env=os.environ | {"PYTHONPATH": str(Path(medsynth.__file__).parents[1])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, folder: Path, *command: object, send: int = 0, at: int = 0) -> Ended:
        """Run a command in `folder`; it sends itself `send` before its touch number `at`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        wanted = {"folder": str(folder), "command": [str(word) for word in command]}
        print(json.dumps({**wanted, "send": send, "at": at}), file=self._process.stdin, flush=True)
        return Ended(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)


def is_touch(event: str, arguments: tuple[object, ...]) -> bool:
    """Return whether an audit event is about to change something on the disk."""
    if event == "open":
        flags = arguments[2]
        return isinstance(flags, int) and bool(flags & WRITES) and arguments[0] != os.devnull
    return event in TOUCHES


def _obey(wanted: dict[str, object], touches: int) -> None:
    """Be the command: in the forked process, which ends here."""
    seen = 0

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if is_touch(event, arguments):
            seen += 1
            os.pwrite(touches, str(seen).encode(), 0)
            if seen == wanted["at"]:
                os.kill(os.getpid(), int(str(wanted["send"])))

    from medsynth.cli.app import main

    os.chdir(str(wanted["folder"]))
    sys.argv = ["medsynth", *wanted["command"]]  # type: ignore[misc]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 1
    sys.addaudithook(audit)
    try:
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
    os._exit(code)


def _serve() -> None:
    """Fork a process for each line of standard input, and say how it ended."""
    for name in MODULES:
        importlib.import_module(name)

    answers = os.dup(1)
    for line in sys.stdin:
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as touches:
            child = os.fork()
            if not child:
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
                try:
                    _obey(json.loads(line), touches.fileno())
                finally:  # a bug, for else it ends before
                    traceback.print_exc()
                    os._exit(1)
            _, status = os.waitpid(child, 0)
            ended = {
                "code": os.waitstatus_to_exitcode(status),
                "touches": int(os.pread(touches.fileno(), 20, 0) or 0),
                "said": os.pread(said.fileno(), 1_000_000, 0).decode("utf-8", "replace"),
            }
        os.write(answers, json.dumps(ended).encode() + b"\n")


if __name__ == "__main__":
    _serve()
