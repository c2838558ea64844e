"""What a model is told of images besides their masks: labels and prompts of a run."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from medsynth.core.errors import InputError, UsageError
from medsynth.data.records import DataIndex
from medsynth.io.atomic import write_bytes
from medsynth.io.json_text import parse_json
from medsynth.model.backbone import Backbone
from medsynth.model.conditions import Conditions


@dataclass(frozen=True, eq=False)
class Told:
    """What a model is told of images besides their masks, ready to be looked up.

    column: the CSV column of image labels, or None; labels: its values, sorted.
    template: the prompt's template, or None where the model has no prompts.
    prompts: the prompts that have embeddings; the first is the empty one.
    table: (P, L, D) their embeddings.
    """

    column: str | None = None
    labels: tuple[str, ...] = ()
    template: str | None = None
    prompts: tuple[str, ...] = ()
    table: Tensor | None = None

    def conditions(self, attributes: Sequence[Mapping[str, str]]) -> Conditions:
        """Return the conditions of pairs, or of samples to be made, by what the CSV files say.

        Raises:
            InputError: a pair has a prompt that was not encoded.
        """
        labels = prompts = None
        if self.column is not None:
            names = [self.labels.index(str(each[self.column])) for each in attributes]
            labels = np.array(names, np.int64)
        if self.template is not None:
            texts = [fill_prompt(self.template, each) for each in attributes]
            if missing := set(texts) - set(self.prompts):
                raise InputError(
                    f"the run holds no embedding of the prompt '{min(missing)}'.", "Fit again."
                )
            prompts = np.array([self.prompts.index(text) for text in texts], np.int64)
        return Conditions(labels, prompts, self.table)


def fill_prompt(template: str, attributes: Mapping[str, str]) -> str:
    """Return a pair's prompt.

    Raises:
        UsageError: the template is no template, or names a column that the pair does not have.
    """
    try:
        return template.format(**{name: attributes[name] for name in columns_of(template)})
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        have = ", ".join(sorted(attributes)) or "none"
        raise UsageError(
            f"model.stable_diffusion.prompt='{template}' cannot be filled in: {error!r}.",
            f"Columns of the data's CSV files: {have}. A brace is written twice: {{{{.",
        ) from error


def columns_of(template: str) -> list[str]:
    """Return the columns that a prompt's template names."""
    return [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]


def encode_told(index: DataIndex, column: str | None, backbone: Backbone) -> Told:
    """Return what a new fit's model is told, with the prompts of train and val encoded."""
    labels = tuple(label_names(index, column))
    template = backbone.prompt()
    if template is None:
        return Told(column, labels)
    items = [*index.split("train"), *index.split("val")]
    texts = {fill_prompt(template, item.attributes) for item in items}
    if not columns_of(template):
        texts.add(template.format())  # for masks that come without a pair
    prompts = ("", *sorted(texts - {""}))
    return Told(column, labels, template, prompts, backbone.encode_prompts(prompts))


def write_prompts(path: Path, told: Told) -> None:
    """Write the prompts' embeddings, so that a run needs no text encoder again."""
    if told.table is not None:
        about = {"prompts": json.dumps(told.prompts)}
        write_bytes(path, save({"embeddings": told.table.contiguous()}, about))


def read_told(path: Path, labels: Sequence[str], column: str | None, template: str | None) -> Told:
    """Return what a run's model is told.

    Args:
        path: of the prompts' embeddings.
        labels: the column's values, sorted; see `label_names`.
        column: of image labels, or None.
        template: of the prompts, or None where the model has none.

    Raises:
        InputError: the embeddings are missing or damaged.
    """
    labels = tuple(labels)
    if template is None:
        return Told(column, labels)
    try:
        with safe_open(path, "pt") as file:
            table: Tensor = file.get_tensor("embeddings")
            prompts = tuple(parse_json(file.metadata()["prompts"]))
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise InputError(
            f"{path} cannot be read: {error}.", "Restore it from a copy, or fit again."
        ) from error
    if table.dtype != torch.float32 or len(table) != len(prompts):
        raise InputError(f"{path} is damaged.", "Restore it from a copy, or fit again.")
    return Told(column, labels, template, prompts, table)


def label_names(index: DataIndex, column: str | None) -> list[str]:
    """Return the image labels of the training pairs, sorted; empty without a column.

    Raises:
        InputError: a pair has no such attribute, or a label that no training pair has.
    """
    if column is None:
        return []
    names = {item.attributes.get(column) for item in index.split("train")}
    others = {item.attributes.get(column) for item in index.items}
    if None in others or others - names:
        raise InputError(
            f"the column '{column}' (model.label_column) does not label every pair, or labels "
            "val or test pairs as no training pair is labelled.",
            "Name a column of the data's CSV files that all training pairs have.",
        )
    return sorted(str(name) for name in names)
