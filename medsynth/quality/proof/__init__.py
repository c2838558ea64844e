"""Whether synthetic data helps a segmenter on held-out patients: scores, intervals, words."""
