"""Scenarios of SimBench's rural medium-voltage network, which the package simbench brings."""
