"""Data that actors exchange: plans, messages, power supply capability. Any room may use it."""
