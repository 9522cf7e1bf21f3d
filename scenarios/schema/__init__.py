"""What a scenario may say: one module per part, ``scenario`` for the whole, units in the names of keys."""
