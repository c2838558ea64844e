"""The options of `export` as a recipe holds them: flat keys, gathered from where they belong."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import Field, field_validator

from medsynth.core.options import Options, parse_options
from medsynth.exporters.choose import ChoiceOptions
from medsynth.exporters.coco import CocoOptions
from medsynth.exporters.folder import FolderOptions
from medsynth.exporters.hdf5 import Hdf5Options
from medsynth.exporters.names import checked_template
from medsynth.exporters.nnunet import NnUnetOptions
from medsynth.exporters.webdataset import WebDatasetOptions

O = TypeVar("O", bound=Options)  # noqa: E741


class ExportOptions(
    ChoiceOptions, FolderOptions, CocoOptions, Hdf5Options, NnUnetOptions, WebDatasetOptions
):
    """The section `export` of a recipe; a format reads its own keys and no others."""

    name_template: str = "{id}"
    """Names of files, of {id}, {split}, {origin}; as in --set 'export.name_template="a_{id}"'."""

    pseudonyms: bool = False
    """Call real pairs and groups by keyed hashes, not by the names of their files and patients."""

    workers: int = Field(default=2, ge=1, le=64)
    """Threads that read and compress; the bytes do not depend on it."""

    plugin: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Options of formats that plugins bring: format name, then key and value."""

    _template_is_known = field_validator("name_template")(checked_template)


def options_of(format_name: str, model: type[O], options: ExportOptions) -> O:
    """Return the options model of one format, filled from the recipe's section.

    Raises:
        UsageError: `export.plugin.<format>` holds an unknown key or a wrong value.
    """
    shared = {
        name: getattr(options, name)
        for name in model.model_fields
        if name in ExportOptions.model_fields
    }
    own = options.plugin.get(format_name, {})
    return parse_options(model, {**shared, **own}, f"export.plugin.{format_name}")
