"""The world's physics, one simulation step at a time: grid, equipment that fails, and the verdict on each step."""
