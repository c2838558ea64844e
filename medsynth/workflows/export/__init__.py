"""export: what is chosen of a run, and what is told of it."""
