"""Which files are DICOM and which NIfTI."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

NIFTI = (".nii", ".nii.gz")
DICOM_MAGIC_AT = 128
NOT_DICOM = (".gz", ".nii", ".json", ".csv", ".txt", ".md", ".h5", ".npz", ".npy", ".xml", ".html")


def is_nifti(path: PurePosixPath) -> bool:
    """Return whether a file is called like a NIfTI volume."""
    return path.name.lower().endswith(NIFTI)


def is_dicom(path: Path) -> bool:
    """Return whether a file begins as DICOM files do (PS3.10); names say nothing."""
    if path.suffix.lower() in NOT_DICOM:
        return False
    try:
        with path.open("rb") as file:
            return file.read(DICOM_MAGIC_AT + 4)[DICOM_MAGIC_AT:] == b"DICM"
    except OSError:
        return False


def without_suffix(path: PurePosixPath) -> PurePosixPath:
    """Return a path without .nii, .nii.gz or one suffix.

    >>> without_suffix(PurePosixPath("a/b.nii.gz")).as_posix()
    'a/b'
    """
    bare = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return bare.with_suffix("")
