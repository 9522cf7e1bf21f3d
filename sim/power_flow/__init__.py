"""AC power flow of islands: what an island is, the protocol of an engine, and the engines."""
