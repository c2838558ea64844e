"""What a shared model is told besides masks: the same numbers, under names that say nothing.

Labels and prompts come out of the data's CSV files and may hold anything. The network knows a
label by its place and a prompt by its embedding; so both get numbers for names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from medsynth.workflows.told import Told, columns_of, fill_prompt

LABEL, PROMPT = "label", "prompt"
Attributes = Mapping[str, str]


def renamed(told: Told, pairs: Sequence[Attributes]) -> tuple[Told, list[dict[str, str]]]:
    """Return what the model is told without the data's words; and what each pair says then.

    Prompts that none of the pairs has, those of val among them, are left out.

    Args:
        told: what the run's model is told.
        pairs: what the CSV files say of each pair, or mask.
    """
    new: list[dict[str, str]] = [{} for _ in pairs]
    labels: dict[str, str] = {}
    if told.column is not None:
        digits = len(str(len(told.labels)))
        names = [f"{LABEL}-{k:0{digits}d}" for k in range(1, len(told.labels) + 1)]
        labels = dict(zip(told.labels, names, strict=True))
        for pair, mine in zip(pairs, new, strict=True):
            mine[LABEL] = labels[str(pair[told.column])]
    column = None if told.column is None else LABEL
    if told.template is None or told.table is None:
        return Told(column, tuple(labels.values())), new
    fixed = not columns_of(told.template)
    texts = [told.template.format()] if fixed else [fill_prompt(told.template, p) for p in pairs]
    rows = sorted({0, *map(told.prompts.index, texts)})
    prompts = {told.prompts[row]: f"{PROMPT}-{k}" if row else "" for k, row in enumerate(rows)}
    if fixed:
        template = prompts[texts[0]]
    else:
        template = f"{{{PROMPT}}}"
        for mine, text in zip(new, texts, strict=True):
            mine[PROMPT] = prompts[text]
    table = told.table[torch.tensor(rows)]
    return Told(column, tuple(labels.values()), template, tuple(prompts.values()), table), new
