"""A run that can be given away: weights, recipe and planned masks, nothing of any patient."""
