"""fit: from a folder of pairs to a fitted run."""
