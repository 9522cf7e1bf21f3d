"""Validation of restoration plans, ours or anybody's, by topology and AC power flow (docs/validation.md)."""
