"""What the weights have learned from: images of val and test must not be among it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from medsynth.data.trained_on import Trained
from medsynth.exporters.export_set import Row


def learned_leaks(
    rows: Iterable[Row], real: Iterable[Row], trained_on: Iterable[Trained]
) -> Iterator[str]:
    """Yield a sentence for each image of val or test that the samples' weights have seen.

    It happens where the index changed after the fit, or where the fit began with weights of a
    run (`--init-from`) that was split otherwise. Images are known by their bytes; groups are
    compared as well, where the other run has an image in common with this one, for only then
    do equal names of groups mean the same.

    Args:
        rows: what is exported.
        real: every real pair behind it, with hashes.
        trained_on: what the weights have learned from.
    """
    samples = [row.id for row in rows if row.origin == "synthetic"]
    if not samples:
        return
    real, trained_on = tuple(real), tuple(trained_on)
    by_split = sorted(real, key=lambda row: row.split != "train")  # of equal ones, the held-out
    images = {row.image_sha256: row for row in by_split if row.image_sha256}
    held_out = {row.group: row for row in real if row.split != "train"}
    akin = {pair.run for pair in trained_on if pair.image_sha256 in images}
    for pair in trained_on:
        chain = (
            f"{len(samples)} synthetic samples (for example {samples[0]}) <- weights of "
            f"{pair.run} <- image {pair.id}"
        )
        row = images.get(pair.image_sha256)
        if row is not None and row.split != "train":
            yield f"{chain}, which is {row.id} ({row.split}) <- group {row.group}"
        elif pair.run in akin and pair.group in held_out:
            row = held_out[pair.group]
            yield f"{chain} <- group {pair.group} ({row.split}, for example {row.id})"
