"""Measurements: each runs its floor and the pipeline in the same process run, and prints ratios."""
