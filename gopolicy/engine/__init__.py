"""From a network to a move: the predictor, and what speaks GTP."""
