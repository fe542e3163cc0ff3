"""Both ends of GTP: the engine that frontends start, and a client for other engines."""
