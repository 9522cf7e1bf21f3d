"""Scenarios of SimBench's semi-urban medium-voltage network, which the package simbench brings."""
