"""A folder surveyed: every pair examined, every problem told, an index of what is usable.

Building an index stops at the errors found here; doctor shows them all and looks further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from medsynth.core.errors import InputError
from medsynth.core.types import LabelClass, Split
from medsynth.data.attributes import check_filter, matches, with_attributes
from medsynth.data.class_file import read_classes
from medsynth.data.class_problems import class_problems, meaning_problems
from medsynth.data.examine import Look, PairFacts, Progress, examine_all
from medsynth.data.given_splits import assign_splits
from medsynth.data.groups import find_groups
from medsynth.data.ids import make_ids
from medsynth.data.layout import find_pairs
from medsynth.data.listing import list_files
from medsynth.data.meaning import class_names, decide_coding
from medsynth.data.observations import (
    fault_problems,
    key_problems,
    layout_problems,
    set_problems,
)
from medsynth.data.options import DataOptions
from medsynth.data.origins import refuse_unknown_origins, synthetic_problems
from medsynth.data.problems import Problem
from medsynth.data.readers import Found, Pair
from medsynth.data.records import DataIndex, Item
from medsynth.data.source import source
from medsynth.data.tables import Table, read_tables


@dataclass(frozen=True, slots=True)
class Survey:
    """What a folder holds.

    index: over all usable pairs; it may have no items.
    facts: of the pairs behind `index.items`, in the same order.
    groups_known: whether groups were given, not each pair its own.
    found: number of pairs that were looked at.
    problems: all of them; an index may be used only if none is an error.
    """

    index: DataIndex
    facts: tuple[PairFacts, ...]
    groups_known: bool
    found: int
    problems: tuple[Problem, ...]


def survey_folder(
    root: Path,
    options: DataOptions,
    seed: int,
    look: Look | None = None,
    progress: Progress | None = None,
) -> Survey:
    """Survey `root`; `look` is a further look at each decoded image, kept in its facts.

    Raises:
        InputError: there is nothing to look at: no folder, no picture, no pair at all.
        UsageError: an option is wrong.
    """
    listing = list_files(root)
    root = listing.root
    reader, found = find_pairs(listing, options)
    tables = read_tables(root)
    pairs = with_attributes(found.pairs, tables)
    refuse_unknown_origins(root, pairs, options)
    check_filter(pairs, options.where, "where")
    check_filter(pairs, options.train_where, "train_where")
    pairs = [pair for pair in pairs if matches(pair.attributes, options.where)]
    if not pairs:
        raise InputError(f"no pair in {root} meets all of data.where={options.where}.")
    facts = list(examine_all(source(root, reader), pairs, options, look, progress))
    usable = [fact for fact in facts if not fact.faults]
    problems = layout_problems(listing, _within(found, tables, options), options)
    problems += [*found.problems, *fault_problems(facts, options)]
    problems += key_problems([pair.key for pair in pairs], reader)

    named, named_problems = _names(root, found, options)
    coding = decide_coding(
        [fact.mask for fact in usable if fact.mask is not None],
        options.mask,
        named,
        found.file_is_instance,
    )
    kept = [fact.pair for fact in usable]
    ids = make_ids([pair.key for pair in kept])
    groups = find_groups(root, kept, ids, tables, options.groups)
    splits, split_problems = assign_splits(root, kept, groups.names, options, seed)
    chosen = _chosen(usable, ids, groups.names, splits, options)
    index = DataIndex(
        root=root,
        items=tuple(item for item, _ in chosen),
        classes=tuple(LabelClass(i, name) for i, name in class_names(coding, named)),
        channels=_channels(usable, options),
        has_instances=coding.carries_instances or any(pair.instances for pair in kept),
        coding=coding,
        size_hw=options.size_hw,
        fit=options.fit,
        window=options.window,
        reader=reader,
    )
    facts_kept = tuple(fact for _, fact in chosen)
    problems += named_problems + class_problems(coding, named, options)
    problems += meaning_problems(coding, named, options)
    problems += groups.problems + split_problems
    problems += set_problems(facts_kept, coding, options)
    problems += synthetic_problems(index.items)
    return Survey(index, facts_kept, groups.known, len(pairs), tuple(problems))


def _within(found: Found, tables: Mapping[str, Table], options: DataOptions) -> Found:
    """Return what was found with only those lonely files that data.where does not leave out."""

    def wanted(path: str) -> bool:
        bare = Pair(PurePosixPath(path).stem, path, ())
        return matches(with_attributes([bare], tables)[0].attributes, options.where)

    return replace(
        found,
        lonely_images=tuple(filter(wanted, found.lonely_images)),
        lonely_masks=tuple(filter(wanted, found.lonely_masks)),
    )


def _names(
    root: Path, found: Found, options: DataOptions
) -> tuple[Mapping[int, str], list[Problem]]:
    if options.classes is not None:
        return options.classes, []
    if found.class_names is not None:
        return found.class_names, []
    return read_classes(root)


def _channels(facts: Sequence[PairFacts], options: DataOptions) -> Literal[1, 3]:
    if options.colour != "auto":
        return 1 if options.colour == "grey" else 3
    return 1 if all(fact.grey for fact in facts) else 3


def _chosen(
    facts: Sequence[PairFacts],
    ids: Sequence[str],
    groups: Sequence[str],
    splits: Sequence[Split | None],
    options: DataOptions,
) -> list[tuple[Item, PairFacts]]:
    out = []
    for fact, own_id, group, split in zip(facts, ids, groups, splits, strict=True):
        attributes = {**fact.pair.attributes, "key": fact.pair.key}
        if split is None or (split == "train" and not matches(attributes, options.train_where)):
            continue
        item = Item(
            id=own_id,
            image=fact.pair.image,
            masks=fact.pair.masks,
            instances=fact.pair.instances,
            group=group,
            split=split,
            image_sha256=fact.image_sha256,
            mask_sha256=fact.mask_sha256,
            source_hw=fact.hw,
            attributes=attributes,
            spacing_mm=fact.pair.spacing_mm,
        )
        out.append((item, fact))
    return sorted(out, key=lambda both: both[0].id)
