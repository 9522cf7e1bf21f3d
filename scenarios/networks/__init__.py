"""From any source of a network, tables, pandapower or a seed, to a named net and the view that controllers read."""
