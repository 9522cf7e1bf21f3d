"""Runs side by side: the same world under several strategies."""
