"""From a horizon to a plan: solve, read, check, repair, and say what the objective leaves open."""
