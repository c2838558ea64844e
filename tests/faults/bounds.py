"""The suite at the lower and at the upper bounds of the dependencies, each in its own environment.

    python tests/faults/bounds.py lower upper -- -k store      (arguments after -- go to pytest)

torch is held at the version that is here: it alone decides what is downloaded in gigabytes, and
its own bounds need a machine of their own. Needs a network, and minutes for each environment.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIXED = ("torch",)


def lower_bounds(dependencies: list[str]) -> list[str]:
    """Return "name==version" of each dependency's lower bound.

    >>> lower_bounds(["numpy>=1.26", "albumentations>=2.0.8,<2.1", "tqdm"])
    ['numpy==1.26', 'albumentations==2.0.8']
    """
    found = (re.match(r"([A-Za-z0-9._-]+)>=([^,;\s]+)", each) for each in dependencies)
    return [f"{each[1]}=={each[2]}" for each in found if each and each[1] not in FIXED]


def constraints(which: str) -> list[str]:
    """Return the constraints of an environment; at the upper bound there is torch's alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    fixed = [f"{name}=={version(name).partition('+')[0]}" for name in FIXED]
    return fixed + (lower_bounds(project["dependencies"]) if which == "lower" else [])


def check(which: str, folder: Path, arguments: list[str]) -> int:
    """Make an environment, install, run the suite; return pytest's exit code."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    pins = folder / "constraints.txt"
    pins.write_text("\n".join(constraints(which)) + "\n")
    install = [python, "-m", "pip", "install", "--quiet", "--upgrade", "--constraint", pins]
    subprocess.run([*install, f"{ROOT}[dev]"], check=True)
    warnings = ["-W", "ignore::DeprecationWarning"]  # of the old packages, for newer ones
    return subprocess.run(
        [python, "-m", "pytest", "-q", *warnings, *arguments], cwd=ROOT, check=False
    ).returncode


def main() -> int:
    """Check what is asked for; return 1 where a suite fails."""
    own, _, arguments = " ".join(sys.argv[1:]).partition("--")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="+", choices=["lower", "upper"])
    codes = {}
    for which in parser.parse_args(own.split()).which:
        with tempfile.TemporaryDirectory(prefix=f"medsynth-{which}-") as folder:
            codes[which] = check(which, Path(folder), arguments.split())
    print("\n".join(f"{which}: pytest ended with {code}" for which, code in codes.items()))
    return int(any(codes.values()))


if __name__ == "__main__":
    sys.exit(main())
