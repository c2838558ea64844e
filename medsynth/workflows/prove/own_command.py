"""The command of a user's own segmenter: what it is given, how it is run, what went wrong."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from medsynth.core.errors import InputError, UsageError
from medsynth.io.hashing import hash_file

PLACES = ("data", "images", "predictions", "seed", "classes")
NEEDED = ("data", "images", "predictions")
LAST_LINES = 8


@dataclass(frozen=True, slots=True)
class OwnCommand:
    """A command line with places: {data}, {images}, {predictions}, {seed}, {classes}.

    No shell reads it. It comes from the command line alone, never from a recipe, which may be
    somebody else's.
    """

    text: str

    def __post_init__(self) -> None:
        """Refuse unknown places, and a command that lacks a needed one.

        Raises:
            UsageError: what is wrong, and an example.
        """
        example = (
            "For example: --segmenter-command 'python train.py --data {data} --predict {images} "
            "--out {predictions} --seed {seed}'"
        )
        try:
            places = {name for _, name, _, _ in Formatter().parse(self.text) if name is not None}
            words = self._parts()
        except ValueError as error:
            raise UsageError(f"--segmenter-command cannot be read: {error}.", example) from error
        if unknown := sorted(places - set(PLACES)):
            raise UsageError(
                f"--segmenter-command has an unknown place {{{unknown[0]}}}; known are "
                f"{', '.join(f'{{{name}}}' for name in PLACES)}.",
                example,
            )
        if missing := [name for name in NEEDED if name not in places]:
            raise UsageError(f"--segmenter-command lacks {{{missing[0]}}}.", example)
        if not words:
            raise UsageError("--segmenter-command is empty.", example)

    def files(self) -> list[str]:
        """Return hashes of the files that the command names: a script that changed is another.

        An option's value after a "=" is one, too; code that no word names is not noticed.
        """
        words = self._parts()
        values = [word.partition("=")[2] for word in words if "=" in word]
        return [hash_file(path) for path in map(Path, [*words, *values]) if path.is_file()]

    def words(self, **values: object) -> list[str]:
        """Return the program and its arguments, with values in their places."""
        return [word.format(**values) for word in self._parts()]

    def _parts(self) -> list[str]:
        return shlex.split(self.text, posix=os.name != "nt")

    def run(self, log: Path, **values: object) -> None:
        """Run it to its end; what it prints goes to a file.

        Raises:
            UsageError: there is no such program.
            InputError: it failed; with its last lines.
        """
        words = self.words(**values)
        try:
            with log.open("wb") as file:
                ended = subprocess.run(  # noqa: S603 -- it is what the user asked to run
                    words, stdin=subprocess.DEVNULL, stdout=file, stderr=file, check=False
                )
        except OSError as error:
            raise UsageError(
                f"--segmenter-command: {words[0]} cannot be run: {error.strerror}.",
                "No shell reads the command; give the program's full path.",
            ) from error
        if ended.returncode:
            lines = log.read_text("utf-8", errors="replace").strip().splitlines()[-LAST_LINES:]
            raise InputError(
                f"the segmenter's command ended with {ended.returncode}; its last lines:\n"
                + "\n".join(f"  {line}" for line in lines),
                f"All it said: {log}. Mend it and run prove again: what is finished is kept.",
            )
