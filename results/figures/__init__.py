"""Figures of runs and comparisons, in one house style."""
