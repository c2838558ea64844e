"""Images to features: extractors, the features of a whole set, and a cache of them.

Axis order is (B, H, W, C) for images and (N, D) for features. A set of features knows which
extractor and which weights it is from; sets of different ones are not compared.
"""
