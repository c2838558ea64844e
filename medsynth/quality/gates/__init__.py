"""Gates: what a synthetic image must pass to be kept.

A gate scores images, higher being better, and calibrates its threshold on held-out real pairs.
"""
