"""evaluate: what is measured of a run's samples, and against what."""
