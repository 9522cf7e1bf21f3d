"""The machines of the world: what a unit of each kind can do next, and what it did."""
