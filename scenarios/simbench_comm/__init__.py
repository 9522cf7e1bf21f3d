"""Scenarios of SimBench's commercial medium-voltage network, which the package simbench brings."""
