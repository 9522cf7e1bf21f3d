"""The tables of a run: their columns, how they are recorded, read back and summed up."""
