"""A run in time: mosaik's wiring, an adapter per kind of actor, channel and field terminals."""
