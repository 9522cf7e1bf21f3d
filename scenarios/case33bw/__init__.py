"""Scenarios of pandapower's 33 buses of Baran and Wu."""
