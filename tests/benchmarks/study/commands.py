"""medsynth's commands, each run once: killed, the study goes on where it was."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsynth.io.atomic import write_json


@dataclass(frozen=True)
class Run:
    """A run folder of the study, with its log and a note of what has been done beside it."""

    path: Path

    def medsynth(self, verb: str, *arguments: object, options: Mapping[str, Any]) -> None:
        """Run a command unless it was run so before; of proofs the last one counts.

        Raises:
            SystemExit: it failed, or the run was fitted with other arguments.
        """
        words = [str(each) for each in arguments]
        words += [part for k, v in options.items() for part in ("--set", f"{k}={json.dumps(v)}")]
        notes = self.path.with_name(f"{self.path.name}.done.json")
        done = json.loads(notes.read_text()) if notes.exists() else {}
        key = " ".join([verb, *words])
        if "minutes" in done.get(key, {}):
            return
        others = [each for each in done if each.startswith("fit ") and each != key]
        if verb == "fit" and others:
            raise SystemExit(f"{self.path} was fitted otherwise: medsynth {others[0]}")
        if verb == "prove":  # its figures take the place of the last one's
            done = {each: told for each, told in done.items() if not each.startswith("prove ")}
        write_json(notes, {**done, key: {}})  # begun
        if verb == "fit" and (self.path / "recipe.yaml").exists():
            words = ["--resume", "--run", str(self.path)]
        print(f"{time.strftime('%H:%M')} medsynth {verb} {' '.join(words)}", flush=True)
        began = time.monotonic()
        with self.path.with_name(f"{self.path.name}.log").open("a") as log:
            command = [sys.executable, "-m", "medsynth", verb, *words]
            ended = subprocess.run(command, stdout=log, stderr=log, check=False)
        if ended.returncode:
            raise SystemExit(f"medsynth {verb} ended with {ended.returncode}; see {log.name}")
        done[key] = {"minutes": round((time.monotonic() - began) / 60, 1)}
        write_json(notes, done)
