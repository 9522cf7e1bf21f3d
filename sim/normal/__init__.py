"""Grid-connected operation without a fault: what the index system asks of it."""
