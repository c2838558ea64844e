"""Step loops: the generator's fitting, its data order, checkpoints and moving averages."""
