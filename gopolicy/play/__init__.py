"""A player: choosing moves, passing, playing games to their end, estimates by playouts."""
