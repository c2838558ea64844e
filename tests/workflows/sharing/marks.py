"""What marks a patient in the data, and where traces of it are looked for."""

import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import safe_open

from medsynth.data.records import DataIndex
from medsynth.io.images import read_png

PAIRS = 14
SURNAMES = ["Abendroth", "Birkenfeld", "Claassen", "Dombrowski", "Eschweiler"]
FOLDER = "Klinikum-Suedstadt"
MARKER = b"\xde\xc0\xad\x0b" + bytes(range(200, 228))
"""Pixels that stand in every image."""
MASKS = 12


def quiet(*_):
    pass


def contents(folder):
    """Yield everything that the files say: names, raw bytes, pixels, metadata."""
    for path in sorted(folder.rglob("*")):
        yield str(path.relative_to(folder)).encode()
        if path.is_dir():
            continue
        yield path.read_bytes()
        if path.suffix == ".png":
            with Image.open(path) as image:
                assert image.info == {}
                yield np.asarray(image).tobytes()
        elif path.suffix == ".safetensors":
            with safe_open(path, "np") as file:
                yield json.dumps(file.metadata() or {}).encode()
                for name in file.keys():  # noqa: SIM118
                    tensor = file.get_tensor(name)
                    yield tensor.tobytes()
                    yield np.clip(tensor * 255, 0, 255).astype(np.uint8).tobytes()
                    yield np.clip((tensor + 1) * 127.5, 0, 255).astype(np.uint8).tobytes()


def traces(run):
    """Return what would give a patient away: names, parts of paths, pixels, and their hashes."""
    index = DataIndex.load(run)
    names = {FOLDER, str(index.root), str(run), run.name, "operator", "Oberarzt", *SURNAMES}
    for item in index.items:
        names |= {item.id, item.group, Path(item.image).stem, *item.attributes.values()}
    found = {name.encode() for name in names if len(name) > 3} | {MARKER}
    whole = {item.image_sha256 for item in index.items} | {i.mask_sha256 for i in index.items}
    for name in names:
        for kind in ("md5", "sha1", "sha256"):
            digest = hashlib.new(kind, name.encode())
            whole |= {digest.hexdigest()[:16]}
            found |= {digest.digest()[:8]}
    for item in index.items:
        pixels = read_png(index.root / item.image)
        found |= {pixels[5].tobytes(), np.ascontiguousarray(pixels[..., 1]).tobytes()[:64]}
    return found | {each.encode() for each in whole | {index.hash}}
