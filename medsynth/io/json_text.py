"""JSON that somebody else may have written, to plain values."""

from __future__ import annotations

import json
import re
from typing import Any

ESCAPED = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def parse_json(text: str | bytes) -> Any:
    """Return what JSON text says.

    Raises:
        ValueError: it is no JSON, no UTF-8, nested more deeply than can be read, or holds half
            a character (\\ud800 without its partner), which no file could be written with.
    """
    try:
        value = json.loads(text)
        if ESCAPED.search(text if isinstance(text, str) else text.decode()):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except UnicodeError as error:
        raise ValueError("it is no UTF-8 text, or has half a character in it") from error
    return value
