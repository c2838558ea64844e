"""What a recipe may say about the data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from medsynth.core.options import Options
from medsynth.core.types import Fit
from medsynth.data.colours import packed

MaskMeaning = Literal["auto", "binary", "labels", "instances"]
NONE = "none"
"""Written for `split_file` or `groups`: do not use one, though the folder has it."""


def _as_text(value: Any) -> Any:
    """Let YAML's `small: 1` mean the text "1", as CSV files have nothing but text."""
    if isinstance(value, dict):
        return {str(k): str(v) if isinstance(v, int | float) else v for k, v in value.items()}
    return value


def _by_value(names: Any) -> Any:
    """Let "#FF0000" stand for the mask value of that colour."""
    if not isinstance(names, dict):
        return names
    values = {written: packed(written) for written in names}
    return {k if values[k] is None else values[k]: name for k, name in names.items()}


Filter = Annotated[dict[str, str], BeforeValidator(_as_text)]
Side = Annotated[int, Field(ge=1, le=8192)]


class DataOptions(Options):
    """The data: where it lies, what it means, and the geometry the model sees."""

    images: str | None = None
    """Folder of the images, relative to DATA or absolute; found when not given."""
    masks: str | None = None
    """Folder of the masks, relative to DATA or absolute; given together with `images`."""
    reader: str | None = None
    """Layout reader (`medsynth plugins` lists them); the one that finds most when not given."""
    size: Side | tuple[Side, Side] = 128
    """Size the model sees, in pixels: one number for a square, or [height, width]."""
    fit: Fit = "crop"
    """How another aspect ratio becomes the model's: crop (centre), letterbox (pad), stretch."""
    mask: MaskMeaning = "auto"
    """What mask values mean: binary, labels (classes), instances (ids), or found (auto)."""
    classes: Annotated[dict[int, str] | None, BeforeValidator(_by_value)] = None
    """Names by mask value or colour ("#FF0000"); else DATA/classes.json, else "foreground" or
    "class-1", "class-2"."""
    window: tuple[float, float] = (0.5, 99.5)
    """Percentiles of each 16-bit or float image that become black and white."""
    split_file: str | None = None
    """CSV with `stem` and `split`; default DATA/split.csv if there; `none` ignores it."""
    groups: str | None = None
    """CSV with `stem` and `group`, or a regex with one capture group on the stem.

    Default: DATA/groups.csv, else a `group` column; `none` makes each pair its own group.
    """
    fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)
    """Shares of train, val and test where no split file says; groups are never cut."""
    where: Filter = Field(default_factory=dict)
    """Keep only pairs with these values in DATA's CSV files, e.g. {kind: histology_colour}."""
    train_where: Filter = Field(default_factory=dict)
    """The same for train only, e.g. {small: 1}; val and test stay whole."""
    plugin: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Options of readers that have their own: reader name, then key and value."""
    on_mismatch: Literal["error", "skip"] = "error"
    """What a bad pair (no partner, other size, unreadable) does: stop with one report, or go."""
    colour: Literal["auto", "grey", "rgb"] = "auto"
    """Channels the model sees; auto is grey when every image is grey."""

    @property
    def size_hw(self) -> tuple[int, int]:
        """(height, width) of the model's geometry."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    @field_validator("window")
    @classmethod
    def _window_is_ordered(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= value[0] < value[1] <= 100:
            raise ValueError("needs two percentiles, low before high, within 0 to 100")
        return value

    @field_validator("fractions")
    @classmethod
    def _fractions_are_shares(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if min(value) < 0 or abs(sum(value) - 1) > 1e-6 or value[0] <= 0:
            raise ValueError("needs three shares that sum to 1, the first above 0")
        return value

    @field_validator("classes")
    @classmethod
    def _class_names_differ(cls, value: dict[int, str] | None) -> dict[int, str] | None:
        if value is not None and len(set(value.values())) < len(value):
            raise ValueError("two classes have one name")
        return value
