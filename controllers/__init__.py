"""Those who decide, and what they tell each other. Nothing here knows pandapower, mosaik or the world's truth."""
