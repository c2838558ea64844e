"""Words below a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

FONT_PX = 11
LINES = 5
PAPER, INK = (255, 255, 255), (30, 30, 30)


def captioned(picture: NDArray[np.uint8], words: str, most: int = LINES) -> NDArray[np.uint8]:
    """Return the picture with words below, cut off where they fill more than `most` lines."""
    font = ImageFont.load_default(FONT_PX)
    height, width = picture.shape[:2]
    lines = wrapped(words, lambda text: font.getlength(text) <= width - 2, most)
    sheet = Image.new("RGB", (width, height + most * (FONT_PX + 2) + 4), PAPER)
    sheet.paste(Image.fromarray(picture), (0, 0))
    ImageDraw.Draw(sheet).multiline_text((1, height + 2), "\n".join(lines), INK, font, spacing=2)
    return np.asarray(sheet)


def wrapped(words: str, fits: Callable[[str], bool], most: int = LINES) -> list[str]:
    """Return words in lines that fit, the last ending in "..." where there are more.

    A word that is longer than a line goes on in the next.

    >>> wrapped("one two three four", lambda text: len(text) <= 8, 2)
    ['one two', 'three...']
    >>> wrapped("0123456789 ab", lambda text: len(text) <= 8, 2)
    ['01234567', '89 ab']
    """
    lines = [""]
    for word in (part for whole in words.split() for part in _parts(whole, fits)):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and not fits(longer):
            lines.append(word)
        else:
            lines[-1] = longer
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and not fits(last + "..."):
        last = last[:-1]
    return [*lines[: most - 1], last + "..."]


def _parts(word: str, fits: Callable[[str], bool]) -> Iterator[str]:
    """Yield a word in parts that fit a line, each as long as can be."""
    while word:
        end = next((k for k in range(len(word), 1, -1) if fits(word[:k])), 1)
        yield word[:end]
        word = word[end:]
