"""How many copies does the copy detector catch, and how many real images does it suspect?

    OMP_NUM_THREADS=1 python tests/benchmarks/copies.py /work/shared/data
    OMP_NUM_THREADS=1 python tests/benchmarks/copies.py ../shared/data --size 64 --out copies.json

DATA holds folders with `images/` and a `split.csv` of stem, split and maybe group and kind. The
detector learns the train images; each is copied in each way, with random places and sides of
crops, and called a copy from COPY_SCORE on. First how many real images are called copies that are
none: of val, of test, and of train against its other groups. "usual" and "caught lowest" are the
95 % quantile of val scores and the 2 % quantile of copies' scores: how wide the gap is. wbc has
no groups: of the eight test images that are called copies, five show the very cell of the train
image named. Last, the time an image of val takes against 500 originals of all splits.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from pathlib import Path

import cv2
import numpy as np

from medsynth.quality.copies import COPY_SCORE, CopyDetector

SETS = (("cvc_clinicdb", ""), ("dsb2018", "histology_colour"), ("dsb2018", "fluorescence"))
SETS += (("wbc", ""),)


def read(folder: Path, kind: str, px: int) -> dict[str, tuple[np.ndarray, list[str]]]:
    """Return split -> (N, px, px, 3) uint8 images and their groups; frames are squeezed."""
    rows = list(csv.DictReader((folder / "split.csv").open()))
    rows = [row for row in rows if not kind or row["kind"] == kind]
    found: dict[str, tuple[np.ndarray, list[str]]] = {}
    for split in ("train", "val", "test"):
        mine = [row for row in rows if row["split"] == split]
        files = [next((folder / "images").glob(row["stem"] + ".*")) for row in mine]
        images = [
            cv2.resize(cv2.imread(str(f)), (px, px), interpolation=cv2.INTER_AREA) for f in files
        ]
        found[split] = np.stack(images), [row.get("group", row["stem"]) for row in mine]
    return found


def flipped(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.ascontiguousarray((image[::-1], image[:, ::-1], image[::-1, ::-1])[rng.integers(3)])


def cropped(image: np.ndarray, rng: np.random.Generator, sides: tuple[float, float]) -> np.ndarray:
    height, width = image.shape[:2]
    h, w = int(np.ceil(height * sides[0])), int(np.ceil(width * sides[1]))
    y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    return cv2.resize(image[y : y + h, x : x + w], (width, height))


def encoded(image: np.ndarray, quality: int) -> np.ndarray:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


COPIES = {
    "exact": lambda image, _: image,
    "flipped": flipped,
    "cropped 0.8..1": lambda image, rng: cropped(image, rng, (rng.uniform(0.8, 1),) * 2),
    "cropped to 0.8": lambda image, rng: cropped(image, rng, (0.8, 0.8)),
    "cropped, sides apart": lambda image, rng: cropped(image, rng, tuple(rng.uniform(0.8, 1, 2))),
    "JPEG 50": lambda image, _: encoded(image, 50),
    "flipped, to 0.8, JPEG 50": lambda image, rng: encoded(
        cropped(flipped(image, rng), rng, (0.8, 0.8)), 50
    ),
    "blurred, sigma 2": lambda image, _: cv2.GaussianBlur(image, (0, 0), 2),
    "noise, sigma 10": lambda image, rng: np.clip(
        image + rng.normal(0, 10, image.shape), 0, 255
    ).astype(np.uint8),
}


def measure(data: dict[str, tuple[np.ndarray, list[str]]], name: str) -> list[dict[str, object]]:
    images, groups = data["train"]
    detector = CopyDetector().fit(images, groups)
    val, test = (detector.score(data[split][0])[0] for split in ("val", "test"))
    between = detector.score(images, groups)[0]
    rng = np.random.default_rng(0)
    rows: list[dict[str, object]] = [
        {
            "set": name,
            "flagged of val, test, train between groups": [
                f"{(scores >= COPY_SCORE).sum()}/{len(scores)}" for scores in (val, test, between)
            ],
            "usual": round(float(np.quantile(val, 0.95)), 3),
        }
    ]
    for kind, made in COPIES.items():
        scores, found = detector.score(made(image, rng) for image in images)
        rows.append({"set": name, "copies": kind, "of": len(images)})
        rows[-1]["right original"] = round(float((found == np.arange(len(images))).mean()), 3)
        rows[-1]["caught lowest"] = round(float(np.quantile(scores, 0.02)), 3)
        rows[-1]["caught"] = round(float((scores >= COPY_SCORE).mean()), 3)
    return rows


def timing(data: dict[str, tuple[np.ndarray, list[str]]], name: str) -> dict[str, object]:
    images = np.concatenate([data[split][0] for split in ("train", "test", "val")])
    originals = np.resize(images, (500, *images.shape[1:]))
    started = time.process_time()
    detector = CopyDetector().fit(originals)
    fitted = time.process_time()
    queries = encoded_all(data["val"][0])
    detector.score(queries)
    each_ms = (time.process_time() - fitted) / len(queries) * 1e3
    return {
        "set": name,
        "originals": 500,
        "fit_s": round(fitted - started, 2),
        "score_ms_an_image": round(each_ms, 1),
    }


def encoded_all(images: np.ndarray) -> np.ndarray:
    """Re-encode, so that no image is found by its hash alone."""
    return np.stack([encoded(image, 90) for image in images])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rows = []
    for folder, kind in SETS:
        name = f"{folder} {kind}".strip()
        data = read(args.data / folder, kind, args.size)
        rows += [*measure(data, name), timing(data, name)]
        for row in rows[-len(COPIES) - 2 :]:
            print(json.dumps(row), flush=True)
    if args.out:
        args.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
