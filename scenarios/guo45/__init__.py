"""The 45-bus network of Guo et al. as tables, its scenarios, and plans written by hand."""
