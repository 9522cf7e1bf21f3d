"""A study's results: statistics of pairs, tables, text, figures, and bounds that no run may exceed."""
