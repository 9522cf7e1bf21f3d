"""Networks of pandapower: read safely, looked through, reduced to what is modelled, and what is not is told."""
