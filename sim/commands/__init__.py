"""The command line, one command per file; what computes is imported when a command runs."""
