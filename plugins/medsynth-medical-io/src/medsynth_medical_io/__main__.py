"""`python -m medsynth_medical_io DATA`: which file is behind which hidden name.

For whoever has the data; with MEDSYNTH_SALT as it was at the fit.
"""

from __future__ import annotations

import sys
from pathlib import Path

from medsynth.core.errors import MedsynthError
from medsynth.data.listing import list_files
from medsynth_medical_io.hiding import HiddenNames

WRONG_USAGE = 2


def main(arguments: list[str]) -> int:
    """Print a line a file: its digest, a tab, its path; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m medsynth_medical_io DATA\n")
        return WRONG_USAGE
    try:
        table = HiddenNames(list_files(Path(arguments[0]))).table()
    except MedsynthError as error:
        sys.stderr.write(f"{error.what}\n")
        return error.exit_code
    sys.stdout.write("".join(f"{digest}\t{path}\n" for digest, path in table.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
