"""Do nnU-Net, Ultralytics and Datumaro read our exports, pixel by pixel?

    python tests/readers/check_foreign_readers.py            # all of them
    python tests/readers/check_foreign_readers.py datumaro   # one

These pin other versions than medsynth, or are AGPL, so each has an environment of its own
below --venvs, made at the first run (nnU-Net and Ultralytics share one, some 7 GB with
torch). This process writes the exports of `tests/export/sets.py` with the code beside it, and
what is expected as `expected.npz`; the scripts `with_<reader>.py` read them back there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TORCH = ("torch==2.14.1", "torchvision==0.29.1")
READERS = {
    "nnunet": ("torch-readers", (*TORCH, "nnunetv2==2.8.1", "ultralytics==8.4.190")),
    "ultralytics": ("torch-readers", (*TORCH, "nnunetv2==2.8.1", "ultralytics==8.4.190")),
    "datumaro": ("datumaro", ("datumaro==1.13.12",)),
}
FORMATS = {
    "nnunet": ("nnunet",),
    "ultralytics": ("yolo-seg", "yolo-semantic"),
    "datumaro": ("folder", "coco", "coco-panoptic"),
}
CASES = {
    "rgb-two-classes": {},
    "grey-one-class": {"channels": 1, "classes": 2},
    "rgb-instances": {"instances": True},
    "grey-tall": {"channels": 1, "hw": (41, 32)},
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("readers", nargs="*", default=list(READERS), metavar="READER")
    parser.add_argument("--venvs", type=Path, default=ROOT / ".venv-readers")
    args = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for reader in args.readers:
            python = environment(args.venvs, *READERS[reader])
            for case, what in CASES.items():
                for name in FORMATS[reader]:
                    place = Path(folder) / f"{reader}-{name}-{case}"
                    write(name, what, place)
                    print(f"{reader}, {name}, {case}: ", end="", flush=True)
                    command = [python, HERE / f"with_{reader}.py", name, place]
                    done = subprocess.run(command, capture_output=True, text=True, env=clean())
                    if done.returncode:
                        failed.append(f"{reader} {name} {case}")
                    print(done.stdout.strip().splitlines()[-1] if not done.returncode else "FAILED")
                    if done.returncode:
                        print(done.stdout[-2000:], done.stderr[-4000:])
    print(f"{len(failed)} failed" if failed else "all read back")
    return bool(failed)


def environment(venvs: Path, name: str, packages: tuple[str, ...]) -> Path:
    """Return the Python of an environment with the packages, making it if it is not there."""
    home = venvs / name
    stamp = home / "packages.json"
    python = home / "bin" / "python"
    if not stamp.exists() or json.loads(stamp.read_text()) != list(packages):
        venv.create(home, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        stamp.write_text(json.dumps(packages))
    return python


def clean() -> dict[str, str]:
    """The environment without our own code, and without a network for the readers."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return {**kept, "YOLO_OFFLINE": "true", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}


def write(name: str, what: dict, place: Path) -> None:
    """Write an export, and what a reader should find in it."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from export.sets import TWO, make_set, quiet

    from medsynth.exporters.components import parts
    from medsynth.exporters.deliver import deliver
    from medsynth.exporters.options import ExportOptions

    export_set = make_set(**{**what, "classes": TWO[: what.get("classes", 3)]})
    result = deliver(name, export_set, place / "out", ExportOptions(), quiet)
    arrays, samples = {}, {}
    for sample in export_set:
        arrays[f"{sample.id}.image"] = sample.image
        arrays[f"{sample.id}.labels"] = sample.mask.labels
        objects = np.zeros((0, *sample.mask.hw), bool)
        found = []
        for part in parts(sample.mask):
            top, left, height, width = part.box
            whole = np.zeros(sample.mask.hw, bool)
            whole[top : top + height, left : left + width] = part.pixels
            objects = np.concatenate([objects, whole[None]])
            found.append(part.class_id)
        arrays[f"{sample.id}.objects"] = objects
        samples[sample.id] = {"split": sample.split, "origin": sample.origin, "classes": found}
    np.savez(place / "expected.npz", **arrays)
    about = {
        "samples": samples,
        "classes": [item.name for item in export_set.classes],
        "channels": export_set.channels,
        "instances": export_set.has_instances,
        "notes": list(result.notes),
    }
    (place / "expected.json").write_text(json.dumps(about))


if __name__ == "__main__":
    sys.exit(main())
