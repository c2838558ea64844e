"""The program `medsynth`: its verbs, gathered."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from medsynth.cli import (
    augment,
    convert,
    demo,
    doctor,
    evaluate,
    export,
    fit,
    info,
    merge,
    perturb,
    prove,
    recipes,
    show,
)
from medsynth.cli.console import run_guarded, tell_machine
from medsynth.core.errors import EXIT_INTERRUPTED

app = typer.Typer(
    name="medsynth",
    help="More labelled medical images from the few you have.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

VERBS = (doctor, fit, augment, merge, export, evaluate, prove, perturb, show, demo, convert, info)
for module in VERBS:
    module.register(app)
app.add_typer(recipes.app, name="recipes")


def _version(asked: bool) -> None:
    if asked:
        from medsynth import __version__

        typer.echo(f"medsynth {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run_guarded(_invoke))


def _invoke() -> None:
    # Typer brings its own copy of click since 0.26, and used the package before: ask it which.
    wrong_usage: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
    try:
        code = app(standalone_mode=False)
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    except wrong_usage as error:
        error.show()
        tell_machine(error.format_message(), None, error.exit_code)
        sys.exit(error.exit_code)
    if code == EXIT_INTERRUPTED:  # what Typer makes of Ctrl-C
        raise KeyboardInterrupt
    if isinstance(code, int) and code:
        sys.exit(code)


if __name__ == "__main__":
    main()
