"""`medsynth plugins` and `medsynth cite`."""

from __future__ import annotations

import typer
from rich.table import Table

from medsynth.cli.console import out, print_json
from medsynth.cli.options import JsonOption

GROUPS = {
    "medsynth.readers": "data layout reader",
    "medsynth.perturbations": "mask operator",
    "medsynth.exporters": "export format",
    "medsynth.gates": "gate",
    "medsynth.features": "feature extractor",
    "medsynth.backbones": "backbone",
    "medsynth.objectives": "objective",
}
CITATION = """\
Qiu et al., "Noise-Consistent Siamese-Diffusion for Medical Image Synthesis and
Segmentation", CVPR 2025, arXiv:2505.06068 - the method.
Where you used training.objective=adc: Qiu et al., "Adaptively Distilled ControlNet",
MICCAI 2025, arXiv:2507.23652.
medsynth, version {version} - this software.
Cite the data sets that you fitted on, too."""


def register(app: typer.Typer) -> None:
    """Add the verbs to the program."""
    app.command("plugins", help="List readers, mask operators, export formats and more.")(plugins)
    app.command("cite", help="What to cite.")(cite)


def plugins(
    *,
    as_json: JsonOption = False,
) -> None:
    """List everything registered."""
    from medsynth.core.registry import Registry

    found = {what: Registry[object](group, what).providers() for group, what in GROUPS.items()}
    if as_json:
        print_json(found)
        return
    table = Table("kind", "name", "from", box=None, pad_edge=False)
    for what, providers in found.items():
        for name, provider in providers.items():
            table.add_row(what, name, provider)
    out.print(table)


def cite(
    *,
    as_json: JsonOption = False,
) -> None:
    """Print what to cite."""
    from medsynth import __version__

    if as_json:
        print_json({"cite": CITATION.format(version=__version__).splitlines()})
        return
    out.print(CITATION.format(version=__version__), markup=False)
