"""What a survey says of a folder, as problems: pure functions of the facts."""

from __future__ import annotations

from collections.abc import Sequence

from medsynth.data.class_pixels import class_pixels, snapped_pixels
from medsynth.data.coding import MaskCoding
from medsynth.data.examine import PairFacts
from medsynth.data.ids import repeated
from medsynth.data.listing import Listing
from medsynth.data.nothing_found import NOT_FOLLOWED, link_tip
from medsynth.data.options import DataOptions
from medsynth.data.problems import Problem, Severity, problem
from medsynth.data.readers import Found

ONE_PAIR = "one-pair"
SKIP = "or leave such pairs out with --set data.on_mismatch=skip"
FAULTS = {
    "unreadable-image": ("some images cannot be read", "Export these images again,"),
    "unreadable-mask": ("some masks cannot be read", "Export these masks again,"),
    "size-mismatch": ("some images and masks differ in size", "Resize one of the two,"),
}
ODDITIES = {
    "alpha": ("note", "have an alpha channel, which is left away", ""),
    "cmyk": ("warning", "are CMYK and were converted to RGB; colours may be off",
             "Save them as RGB."),
    "converted": ("note", "have another colour space and were converted to RGB", ""),
    "palette": ("note", "have a palette", ""),
    "pages": ("warning", "have several pages, of which only the first is used",
              "Save each page as a file of its own."),
    "rotated": ("note", "were turned upright as their EXIF orientation says", ""),
    "not-finite": ("warning", "hold NaN or infinite values, taken as the least value",
                   "Mend the export of these files."),
}  # fmt: skip


def key_problems(keys: Sequence[str], reader: str) -> list[Problem]:
    """Return what of the keys breaks the promise of `readers.Pair`: each stands for one pair."""
    return problem(
        "key-twice",
        "error",
        "some keys stand for several pairs",
        sorted(repeated(keys)),
        f"That is a fault of the reader '{reader}': tell its authors.",
    )


def layout_problems(listing: Listing, found: Found, options: DataOptions) -> list[Problem]:
    """Return what the names alone tell: partners that miss, stems that two files claim."""
    bad = _bad(options)
    return [
        *problem("missing-mask", bad, "some images have no mask", found.lonely_images,
                 f"Add a mask of the same stem (all black if nothing is there), {SKIP}."),
        *problem("missing-image", bad, "some masks have no image", found.lonely_masks,
                 f"Add the image of the same stem, {SKIP}."),
        *problem("duplicate-stem", bad, "some stems are claimed by two files", found.duplicates,
                 f"Keep one of each, {SKIP}."),
        *problem("pair-twice", bad, "some pairs stand in two places", found.twice,
                 "Keep one of each, or take the first alone with --set data.on_mismatch=skip."),
        *problem("channel-not-read", "warning",
                 "some files are further channels of a case, which are not read",
                 found.passed_over,
                 "Merge the channels that matter into one grey or RGB file."),
        *problem("name-not-text", bad, "some files have names that are no UTF-8 text",
                 listing.not_text, f"Rename them, {SKIP}."),
        *problem("link-outside", "warning",
                 f"some links lead out of the folder or to a folder and {NOT_FOLLOWED}",
                 listing.not_followed, link_tip(listing)),
        *problem("medsynth-folders", "note",
                 "some folders were written by medsynth: what is in them was not read as data",
                 listing.written, "To read an export, give its own folder as DATA."),
    ]  # fmt: skip


def fault_problems(facts: Sequence[PairFacts], options: DataOptions) -> list[Problem]:
    """Return what makes pairs unusable, a problem a kind."""
    out = []
    for code, (what, tip) in FAULTS.items():
        said = [text for fact in facts for kind, text in fact.faults if kind == code]
        out += problem(code, _bad(options), what, said, f"{tip} {SKIP}.")
    return out


def _bad(options: DataOptions) -> Severity:
    return "error" if options.on_mismatch == "error" else "warning"


def set_problems(
    facts: Sequence[PairFacts], coding: MaskCoding, options: DataOptions
) -> list[Problem]:
    """Return what the usable pairs tell together."""
    pixels = {fact.pair.key: class_pixels(fact, coding) for fact in facts}
    empty = [key for key, classes in pixels.items() if set(classes) <= {0}]
    full = [key for key, classes in pixels.items() if 0 not in classes]
    snapped = [f"{fact.pair.key} ({n} px)" for fact in facts if (n := snapped_pixels(fact, coding))]
    out = _too_few(facts)
    if facts and len(empty) == len(facts):
        out += problem(
            "no-foreground",
            "error",
            "all masks are empty",
            empty,
            "Check that these are the masks, and what their values mean (data.mask).",
        )
    else:
        out += problem("empty-mask", "note", "some masks are empty: true negatives", empty)
    out += problem(
        "full-mask",
        "warning",
        "some masks have no background at all",
        full,
        "Check that these are masks, and which value is the background.",
    )
    out += problem(
        "snapped",
        "warning",
        "some masks have in-between values (smoothed edges or JPEG), "
        "which went to the nearest class",
        snapped,
        "Save masks lossless and without smoothing.",
    )
    if any(fact.pair.instances for fact in facts):
        out += problem(
            "no-instance-map",
            "warning",
            "some pairs have no instance map: each connected region counts as an object",
            [fact.pair.key for fact in facts if not fact.pair.instances],
            "Add their maps to the folder of instances.",
        )
    return out + _picture_problems(facts, options)  # fmt: skip


def _too_few(facts: Sequence[PairFacts]) -> list[Problem]:
    keys = [fact.pair.key for fact in facts]
    if len(facts) > 1:
        return []
    if not facts:
        return [
            Problem(
                "no-pairs",
                "error",
                "no usable pair is left",
                1,
                (),
                "Mend the pairs that are told here, or loosen data.where and data.train_where.",
            )
        ]
    return problem(
        ONE_PAIR,
        "error",
        "there is only one usable pair",
        keys,
        "A fit needs at least two pairs, one of them to choose the checkpoint by.",
    )


def _picture_problems(facts: Sequence[PairFacts], options: DataOptions) -> list[Problem]:
    low, high = options.window
    clipped = [f"{f.pair.key} ({f.clipped_px} px)" for f in facts if f.clipped_px]
    deep = [f"{f.pair.key} ({f.depth})" for f in facts if f.depth != "uint8"]
    out = problem(
        "windowed",
        "note",
        f"some images are deeper than 8 bits: each is scaled between its percentiles "
        f"{low} and {high}",
        deep,
        "Set data.window to change them.",
    )
    out += problem(
        "clipped",
        "note",
        "some pixels lie outside the window and were clipped",
        clipped,
        "Set data.window=[0, 100] to clip none.",
    )
    for code, (severity, what, tip) in ODDITIES.items():
        for kind in ("image", "mask"):
            keys = [f.pair.key for f in facts if code in getattr(f, f"{kind}_oddities")]
            level: Severity = "warning" if severity == "warning" else "note"
            out += problem(f"{code}-{kind}", level, f"some {kind}s {what}", keys, tip)
    return out  # fmt: skip
