"""The page: a template, a style sheet and a few lines of script, all in one file.

A content security policy forbids the page to fetch anything, and any script but its own.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"


def page(contents: Mapping[str, Any]) -> str:
    """Return the page as HTML; all of `contents` that is not `Markup` is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = (
        (TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", "filter.js")
    )
    policy = (
        "default-src 'none'; img-src data:; "
        f"style-src '{fingerprint(style)}'; script-src '{fingerprint(script)}'"
    )
    own = {"style": Markup(style), "script": Markup(script), "policy": policy}  # noqa: S704  # ours
    return environment.get_template("report.html").render(**contents, **own)


def fingerprint(text: str) -> str:
    """Return the hash by which a policy knows an inline style or script.

    >>> fingerprint("")
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    """
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
