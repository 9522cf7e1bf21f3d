"""Scenarios of SimBench's urban medium-voltage network, which the package simbench brings."""
