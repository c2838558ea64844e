"""The order of an export: name, recognise, check, write beside, put in place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from medsynth.core.errors import InputError, UsageError, listed, visible
from medsynth.exporters.card import changes, content_hash, read_card, to_card, write_card
from medsynth.exporters.datasheet import to_datasheet, write_datasheet
from medsynth.exporters.exporter import EXPORTERS, Exporter, ExportResult, ExportSet, Report
from medsynth.exporters.leakage import refuse_leaks
from medsynth.exporters.names import ANY_NAME
from medsynth.exporters.options import ExportOptions, options_of
from medsynth.exporters.pseudonyms import under_pseudonyms
from medsynth.exporters.renaming import renamed
from medsynth.exporters.replace_folder import held, replaced
from medsynth.exporters.shown_classes import ShownClasses


def exporter_named(name: str) -> Exporter:
    """Return the exporter of a format.

    Raises:
        UsageError: there is none; the tip lists the formats with a line each.
    """
    if name in EXPORTERS.names():
        return EXPORTERS.get(name)()
    try:
        EXPORTERS.get(name)
    except UsageError as error:
        formats = "\n".join(f"  {known}: {_summary(known)}" for known in EXPORTERS.names())
        raise UsageError(error.what, f"The formats are:\n{formats}") from None
    raise AssertionError("the registry knows a name that it does not list")


def deliver(
    format_name: str,
    export_set: ExportSet,
    out: Path,
    options: ExportOptions,
    report: Report,
    *,
    overwrite: bool = False,
) -> ExportResult:
    """Write the set to `out` in a format; afterwards `out` is the old folder or all of the new.

    Raises:
        UsageError: unknown format; or `out` holds something else.
        InputError: something leaks between splits, or the format cannot hold the set.
    """
    exporter = exporter_named(format_name)
    out = out.expanduser().resolve()
    refuse_leaks(export_set)
    if options.pseudonyms:
        export_set = under_pseudonyms(export_set)
    own = options_of(format_name, exporter.options, options)
    renaming = renamed(export_set, options.name_template, getattr(exporter, "name_rule", ANY_NAME))
    export_set = replace(renaming.export_set, workers=options.workers)
    with held(out):
        card = read_card(out)
        content = content_hash(format_name, export_set, own)
        changed: list[str] = []
        if card and card["content"] == content:
            changed = changes(out, card)
            if not changed:
                return _known(card, exporter, export_set, out)
        _refuse_occupied(out, card, changed, overwrite)
        shown = ShownClasses()
        seen = replace(export_set, load=shown.noting(export_set.load))
        notes = (*export_set.notes, *exporter.check(export_set, own))
        with replaced(out) as folder:
            written = exporter.write(seen, folder, own, report)
            result = replace(
                written,
                format=format_name,
                notes=(*notes, *written.notes),
                out=out,
                how_to_load=exporter.how_to_load(export_set, out),
            )
            write_datasheet(folder, to_datasheet(format_name, export_set, result, shown))
            renaming.write(folder)
            write_card(folder, to_card(format_name, export_set, own, result))
    return result


def _summary(name: str) -> str:
    """Return the line of a format; of one that cannot be imported, what to do about it."""
    try:
        return EXPORTERS.get(name).summary
    except InputError as error:
        return f"not usable now. {error.tip}"


def _known(
    card: dict[str, Any], exporter: Exporter, export_set: ExportSet, out: Path
) -> ExportResult:
    return ExportResult(
        counts=card["counts"],
        notes=tuple(card["notes"]),
        format=card["format"],
        out=out,
        up_to_date=True,
        how_to_load=exporter.how_to_load(export_set, out),
    )


def _refuse_occupied(
    out: Path, card: dict[str, Any] | None, changed: list[str], overwrite: bool
) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise UsageError(f"{out} is a file.", "Give a folder with --out.")
    if out.is_mount():
        raise UsageError(
            f"{out} is a mount point: no finished folder can be put in its place.",
            f"Give a folder in it: --out {out / 'export'}",
        )
    if not any(out.iterdir()):
        return
    if card is None:
        raise UsageError(
            f"{out} is not empty and was not written by medsynth export, so it is left alone.",
            "Give another folder with --out.",
        )
    if changed and not overwrite:
        named = listed(map(visible, changed), 3)
        raise UsageError(
            f"{out} holds this very export, but files were added, changed or lost since ({named}).",
            "Make it anew with --overwrite, which removes what was added, or give another folder.",
        )
    if not overwrite:
        raise UsageError(
            f"{out} holds another export ({card.get('format')}, other samples or options).",
            "Replace it with --overwrite, or give another folder with --out.",
        )
