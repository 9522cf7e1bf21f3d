"""Strategies of restoration: what one is, Relight's own, those of users, and how a name becomes one."""
