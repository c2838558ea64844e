"""What every verb needs of the terminal: consoles, progress, JSON, the error boundary."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from medsynth.core.errors import EXIT_BUG, EXIT_INTERRUPTED, MedsynthError, visible

OURS = ".medsynth-"
"""How temporary files and folders of ours begin: one that is not there could not be made."""
FOLLOWS = int(os.environ.get("RANK", "0")) > 0
"""Whether this is one of several processes, and not the main one, which alone reports."""
out = Console(soft_wrap=True, highlight=False, emoji=False, quiet=FOLLOWS)
"""Standard output: the result."""
err = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False, quiet=FOLLOWS)
"""Standard error: progress, notes, errors."""


def print_json(result: Any) -> None:
    """Print one JSON object on standard output; dataclasses and paths are understood."""
    if not FOLLOWS:
        sys.stdout.write(json.dumps(plain(result), ensure_ascii=False, indent=1) + "\n")


def plain(value: Any) -> Any:
    """Return `value` with dataclasses as dicts, paths as text, tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value


Report = Callable[[int, int, str], None]
"""Progress as workflows tell it: (done, total, what is going on, with its figures)."""


@contextmanager
def progress(label: str) -> Iterator[Report]:
    """Yield a `Report` that draws a bar on a terminal and plain lines elsewhere."""
    if err.is_terminal:
        with Progress(
            TextColumn(label),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=err,
        ) as bar:
            task = bar.add_task("", total=None)
            yield lambda done, total, text: bar.update(
                task, completed=done, total=total or None, description=text
            )
        return
    yield PlainLines(label)


class PlainLines:
    """Progress where there is no terminal: a line a tenth, with the minutes that are left."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.total = -1
        self.tenth = -1
        self.started = time.monotonic()

    def __call__(self, done: int, total: int, text: str) -> None:
        """Print a line where a new tenth, or another piece of work, has begun."""
        if total != self.total:
            self.total, self.tenth, self.started = total, -1, time.monotonic()
        tenth = 10 * done // max(total, 1)
        if tenth == self.tenth:
            return
        self.tenth = tenth
        if not total:
            err.print(f"{self.label}: {text}", markup=False)
            return
        left = (time.monotonic() - self.started) / max(done, 1) * (total - done) / 60
        eta = f", {left:.0f} min left" if left >= 1 else ""
        said = f" {text}" if text else ""
        err.print(f"{self.label} {done}/{total}{said}{eta}", markup=False)


def show_error(error: MedsynthError) -> None:
    """Print a known error: its sentence, then its tip."""
    tell_machine(error.what, error.tip, error.exit_code)
    err.print(_lines(f"error: {error.what}"), style="red", markup=False)
    if error.tip:
        err.print(_lines(f"tip: {error.tip}"), style="yellow", markup=False)


def tell_machine(what: str, tip: str | None, code: int) -> None:
    """Print an error as the one object on standard output, where `--json` asks for one.

    It may have been found before the command line was read, so that this looks itself.
    """
    if "--json" in sys.argv[1:]:
        tip = None if tip is None else _lines(tip)  # half characters cannot be written
        print_json({"error": _lines(what), "tip": tip, "exit": code})


def _lines(text: str) -> str:
    """Return a message in which names of files cannot order the terminal about."""
    return "\n".join(map(visible, text.split("\n")))


def run_guarded(call: Callable[[], Any]) -> int:
    """Run the program and return its exit code; bugs keep their traceback (exit 1)."""
    try:
        call()
    except MedsynthError as error:
        show_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        err.print("interrupted.", style="red")
        tell_machine("interrupted.", None, EXIT_INTERRUPTED)
        return EXIT_INTERRUPTED
    except Exception as error:
        known = _disk_sentence(error) if isinstance(error, OSError) else _memory_sentence(error)
        if known is None:
            tell_machine(f"{type(error).__name__}: {error}", None, EXIT_BUG)
            raise
        show_error(known)
        return known.exit_code
    return 0


def _disk_sentence(error: OSError) -> MedsynthError | None:
    """Return the sentence for a full disk or a folder that cannot be written, else None."""
    import errno

    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return MedsynthError(
            f"the disk is full{where}.",
            "Free some space and run the same command again (a fit: with --resume); "
            "what was finished is kept.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return MedsynthError(
            f"{error.strerror}{where}.", "Choose a folder that can be written, or mend its rights."
        )
    if error.errno in (
        errno.EEXIST,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.EBUSY,
        errno.EXDEV,
    ):
        return MedsynthError(f"{error.strerror}{where}.", "Choose another place to write to.")
    if error.errno == errno.ENOENT and error.filename is not None:
        return _gone_sentence(Path(os.fsdecode(error.filename)))
    return None


def _gone_sentence(path: Path) -> MedsynthError | None:
    """Return the sentence for a place that takes no files, or that is gone, else None."""
    if not path.parent.exists():
        return MedsynthError(
            f"a folder vanished while medsynth worked in it ({path}).",
            "Put it back, or mount its disk again, and run the same command again.",
        )
    if path.name.startswith(OURS):
        return MedsynthError(
            f"nothing can be made in {path.parent}.", "Choose another place to write to."
        )
    return None


def _memory_sentence(error: Exception) -> MedsynthError | None:
    """Return the sentence for too little memory, else None; torch has errors of its own for it."""
    of_torch = type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)
    if not isinstance(error, MemoryError) and not of_torch:
        return None
    return MedsynthError(
        "the memory does not suffice.",
        "Take less at once: a smaller data.size, training.batch or sampling.batch. What was "
        "finished is kept: augment and prove go on, a fit with --resume.",
    )
