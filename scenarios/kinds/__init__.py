"""Words that tables hold: kinds of violations, events and messages, each list closed, each kind with its meaning."""
