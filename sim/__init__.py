"""The world, and everything that sets it going: a run, a comparison, a study, a check of a plan, the command line."""
