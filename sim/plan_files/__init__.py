"""Plan files of any origin, read into a plan, with every problem at once."""
