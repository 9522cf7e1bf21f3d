"""The dispatch centre's model (41): data of a horizon, and one function per constraint, by family."""
