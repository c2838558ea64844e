"""What is wrong or odd in COCO files, before any pixel is drawn."""

from __future__ import annotations

from pathlib import PurePosixPath

from medsynth.data.problems import Problem, problem
from medsynth.data.readers.coco_file import CocoFile
from medsynth.data.readers.coco_pixels import leaves_frame

Files = dict[PurePosixPath, CocoFile]
FAULTS = {
    "coco-image-entry": ("some image entries lack an id, a file_name, a width or a height",
                         "Mend these entries."),
    "coco-image-twice": ("some image ids stand for two images", "Give each image its own id."),
    "coco-no-such-image": ("some annotations name an image that their file does not list",
                           "Add the image, or take these annotations out."),
}  # fmt: skip


def file_problems(files: Files) -> list[Problem]:
    """Return the problems of all files together."""
    out = []
    for code, (what, tip) in FAULTS.items():
        said = [f"{p}: {text}" for p, file in files.items() for c, text in file.faults if c == code]
        out += problem(code, "error", what, said, tip)
    names = {tuple(file.values.items()) for file in files.values()}
    out += problem(
        "coco-categories", "error", "the annotation files have other categories",
        [str(path) for path in files] if len(names) > 1 else [],
        "List the same categories with the same ids in each file.",
    )  # fmt: skip
    crowds, cut = [], []
    for file in files.values():
        for image in file.images:
            for annotation in file.annotations.get(image["id"], []):
                crowds += [image["file_name"]] if annotation.get("iscrowd") else []
                hw = (image["height"], image["width"])
                cut += [image["file_name"]] if leaves_frame(annotation, hw) else []
    out += problem(
        "coco-crowd", "warning", "some annotations are crowds, taken for one object each", crowds,
        "Leave them out of the file where single objects matter.",
    )  # fmt: skip
    out += problem(
        "coco-cut", "warning", "some polygons leave their image and were cut at its edge", cut,
        "Check that annotations and images have one size.",
    )  # fmt: skip
    return out
