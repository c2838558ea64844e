"""What was made, on disk: append-only journals, and samples with their manifest and lineage.

One writer at a time, who holds the run's lock; any number of readers meanwhile. Imports
no torch, and knows masks and models only by the plain values that describe them.
"""
