"""Cases as plain data, and what reads them: a YAML file becomes a checked ``Case``, or a list of all that is wrong."""
