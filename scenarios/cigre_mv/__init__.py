"""Scenarios of the CIGRE medium-voltage benchmark, whose network pandapower brings."""
