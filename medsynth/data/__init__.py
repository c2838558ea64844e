"""From a lab's folder to an index of pairs, and from the index to samples in memory.

The way of a pair: `listing` (which files there are) -> `readers` (what belongs together)
-> `examine` (one look at each file) -> `coding` (what mask values mean) -> `splits`
-> `records` (the frozen index) -> `load` (a `Sample`).

Axis order: images are (H, W, C), masks are (H, W); sizes are (height, width).
"""
