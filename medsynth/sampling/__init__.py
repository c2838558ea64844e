"""Mask to image: solvers, guidance, decoding."""
