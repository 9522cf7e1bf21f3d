"""Scenarios of the low-voltage network of Schutterwald, which pandapower brings."""
