"""Drafts of scenarios: from a network of somebody else's to a case that runs, with all that was assumed marked."""
