"""medsynth: more labelled medical images from the few you have."""

__version__ = "0.1.0"
