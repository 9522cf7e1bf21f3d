"""Commands to begin with: what is shipped, and a scenario from a network of one's own."""
