"""Demand and sun of the world: what was forecast, and what really happens."""
