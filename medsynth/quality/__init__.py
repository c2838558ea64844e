"""Measures of what was made: pure functions of arrays."""
