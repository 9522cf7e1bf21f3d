"""HiGHS: a model as arrays, one disciplined solve, and a search for networks too large for it alone."""
