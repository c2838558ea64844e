"""Names that say nothing: salted hashes in place of paths and patients.

The salt is the environment variable MEDSYNTH_SALT where it is set. Else it is made of the first
volume in the folder, which only those have who have the data; ids then change when the first
file does. The salt itself is stored nowhere.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path, PurePosixPath

from medsynth.data.listing import Listing, list_files
from medsynth_medical_io.kinds import is_dicom, is_nifti

SALT = "MEDSYNTH_SALT"
HEAD_BYTES = 1 << 16


class HiddenNames:
    """The hidden names of a folder's files, both ways.

    Args:
        listing: the folder.
    """

    def __init__(self, listing: Listing) -> None:
        self._root = listing.root
        self._salt = _salt(listing.root, listing.others)
        self._paths = {self.digest(path.as_posix()): path for path in listing.others}

    def digest(self, text: str) -> str:
        """Return the first 16 hexadecimal digits of the salted SHA-256."""
        return hashlib.sha256(self._salt + b"\0" + text.encode()).hexdigest()[:16]

    def of(self, kind: str, path: PurePosixPath) -> str:
        """Return the hidden name of a file, for example "case-0123456789abcdef"."""
        return f"{kind}-{self.digest(path.as_posix())}"

    def group(self, patient: str) -> str:
        """Return the hidden name of a patient."""
        return f"group-{self.digest('patient ' + patient)}"

    def path(self, hidden: str) -> Path:
        """Return the file of a hidden name; KeyError if there is none."""
        return self._root / self._paths[hidden.rpartition("-")[2]]

    def table(self) -> dict[str, PurePosixPath]:
        """Return digest -> path of all files, for whoever may see them."""
        return dict(self._paths)


def find_path(root: Path, hidden: str) -> Path:
    """Return the file behind a hidden name.

    Raises:
        FileNotFoundError: no file below `root` has it now.
    """
    for fresh in (False, True):
        if fresh:
            _names.cache_clear()
        with suppress(KeyError):
            path = _names(root).path(hidden)
            if path.is_file():
                return path
    raise FileNotFoundError(
        f"no file is called {hidden} now: it was moved, the folder's first file changed, or "
        f"{SALT} is another"
    )


@lru_cache(maxsize=4)
def _names(root: Path) -> HiddenNames:
    return HiddenNames(list_files(root))


def _salt(root: Path, paths: Iterable[PurePosixPath]) -> bytes:
    told = os.environ.get(SALT, "")
    if told:
        return hashlib.sha256(told.encode()).digest()
    for path in paths:
        if is_nifti(path) or is_dicom(root / path):
            with (root / path).open("rb") as file:
                size = (root / path).stat().st_size
                return hashlib.sha256(f"{size} ".encode() + file.read(HEAD_BYTES)).digest()
    return b""
