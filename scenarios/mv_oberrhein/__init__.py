"""Scenarios of the medium-voltage network Oberrhein, which pandapower brings."""
