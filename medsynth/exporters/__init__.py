"""From samples in memory to files that other tools read: one file a format.

The package is named for its registry, so that `medsynth.export` is the function.

An exporter is pure conversion and thin writing. What holds for all formats stands once:
`leakage` (synthetic pairs never reach val or test), `replace_folder` (an export is whole
or not there), `card` (export.json), `checksums` (files.sha256), `deliver` (the order of it
all). No torch here.

Axis order: images (H, W, C), masks (H, W); x runs along W, y along H.
"""
