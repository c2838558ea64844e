"""Files: atomic writes, hashes, images, YAML, the run folder and its lock."""
