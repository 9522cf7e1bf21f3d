"""Planning without optimisation: moves of an operator, supply by merit order, and a record as the MILP gives."""
