"""A network asked about positions: probabilities, how they are read, notes on a whole game."""
