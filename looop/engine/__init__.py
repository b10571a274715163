"""WHO LIVES: keeper, engine, and the socket on which verbs arrive."""
