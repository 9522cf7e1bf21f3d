"""Relight: a co-simulation testbed for restoring power in distribution networks after a blackout."""
