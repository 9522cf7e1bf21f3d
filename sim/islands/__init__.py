"""One island in one step: which operating point it finds, what gives way, how its frequency answers."""
