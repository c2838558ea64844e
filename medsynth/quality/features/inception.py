"""InceptionV3 as FID was defined on it; its weights are a file of the user's or a download."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar, Self

from torch import Tensor

from medsynth.core.errors import InputError
from medsynth.io.atomic import atomic_path
from medsynth.model.inception import load_inception
from medsynth.quality.features.extractor import FeatureOptions
from medsynth.quality.features.network import NetworkExtractor

FILE = "pt_inception-2015-12-05-6726825d.pth"
URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{FILE}"


class Inception(NetworkExtractor):
    """2048 features: the last pooling, as in Heusel et al. 2017."""

    name = "inception"
    weights_source: ClassVar[str] = (
        f"Google's Inception of 2015-12-05, Apache-2.0, as converted by pytorch-fid: {URL}"
    )

    @classmethod
    def open(cls, options: FeatureOptions) -> Self:
        """Return the extractor with the weights of a file, downloaded into it only when asked."""
        path = Path(options.weights) if options.weights else _cached()
        if not path.is_file():
            if not options.download:
                raise InputError(
                    f"Inception's weights are not at {path}.",
                    f"Download {URL} and give its path (--set evaluate.weights=PATH), "
                    "or let it be downloaded (--set evaluate.download=true).",
                )
            _download(path)
        return cls(load_inception(path), options.device)

    def embed(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, 2048)."""
        out: Tensor = self.network(rgb)
        return out


def _cached() -> Path:
    """Return where torch keeps downloads; so does pytorch-fid."""
    from torch.hub import get_dir

    return Path(get_dir()) / "checkpoints" / FILE


def _download(path: Path) -> None:
    """Fetch the weights; a part of them never lies at `path`.

    Raises:
        InputError: there is no way to them, or the file is another one.
    """
    from torch.hub import download_url_to_file

    try:
        with atomic_path(path) as partial:
            download_url_to_file(URL, str(partial), progress=False)
            _check(partial)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{URL} could not be downloaded: {error}",
            "Download it elsewhere and give its path (--set evaluate.weights=PATH).",
        ) from error


def _check(path: Path) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if not digest.startswith("6726825d"):
        raise ValueError(f"SHA-256 begins with {digest[:8]}, not 6726825d as its name says")
