"""The dispatch centre's planning seen from outside: one plan without a run, its checker, bounds nobody can exceed."""
