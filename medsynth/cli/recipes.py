"""`medsynth recipes ls|show|copy|check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from medsynth.cli.console import out, print_json
from medsynth.cli.options import JsonOption
from medsynth.core.errors import UsageError

app = typer.Typer(help="Named sets of options: list, show, copy, check.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="A recipe's name, or a .yaml file.")]
Json = JsonOption


@app.command("ls")
def ls(*, as_json: Json = False) -> None:
    """List the recipes that come with medsynth."""
    from medsynth.workflows.recipe import recipe_names, recipe_path

    found = {name: first_comment(recipe_path(name)) for name in recipe_names()}
    if as_json:
        print_json(found)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, text in found.items():
        table.add_row(name, Text(text))
    out.print(table)


def first_comment(path: Path) -> str:
    """Return the text of a recipe's first line."""
    return path.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("#").strip()


@app.command("show")
def show(
    name: Name,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Every option, resolved, with its help.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print a recipe; as JSON always with every option."""
    from medsynth.workflows.recipe import load_recipe, recipe_path
    from medsynth.workflows.recipe_text import commented_recipe

    if as_json:
        print_json(load_recipe(name).model_dump(mode="json"))
        return
    text = commented_recipe(load_recipe(name)) if full else recipe_path(name).read_text("utf-8")
    out.print(text.rstrip(), markup=False)


@app.command("copy")
def copy(
    name: Name,
    to: Annotated[Path, typer.Argument(help="The file to write, ending in .yaml.")],
    *,
    as_json: Json = False,
) -> None:
    """Copy a recipe into a file of your own."""
    from medsynth.io.atomic import write_bytes
    from medsynth.workflows.recipe import recipe_path

    source = recipe_path(name)
    if to.suffix not in {".yaml", ".yml"}:
        raise UsageError(f"{to} must end in .yaml.")
    if to.exists():
        raise UsageError(f"{to} exists already.", "Choose another name, or remove it first.")
    write_bytes(to, source.read_bytes())
    if as_json:
        print_json({"recipe": name, "written": to})
        return
    out.print(f"Wrote {to}. Use it: medsynth fit DATA --recipe {to}", markup=False)


@app.command("check")
def check(name: Name, *, as_json: Json = False) -> None:
    """Check that a recipe's keys and values are right."""
    from medsynth.workflows.recipe import load_recipe

    load_recipe(name)
    if as_json:
        print_json({"recipe": name, "good": True})
        return
    out.print(f"{name} is a good recipe.", markup=False)
