"""The dispatch centre as an actor: what it knows, whom it has heard, what it orders."""
