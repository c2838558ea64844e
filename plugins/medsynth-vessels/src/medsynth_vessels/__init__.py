"""Mask operators for tubular structures, along their skeletons.

Axis order: (H, W); points are (row, column).
"""
