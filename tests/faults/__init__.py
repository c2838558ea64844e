"""Faults put into medsynth on purpose, and what it must make of them.

A share of each kind runs within the suite; `python -m tests.faults` runs many more of them and
prints how many were tried and survived.
"""
