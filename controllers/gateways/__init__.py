"""Energy gateways as actors: each schedules the units of its local area, with the centre or alone."""
