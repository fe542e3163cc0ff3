"""From the options of a command to a network that is ready; imports torch."""

import argparse

from gopolicy.engine.predictor import Predictor
from gopolicy.nets.weights import default_weights, load_weights


def weights_name(args: argparse.Namespace) -> str:
    """Return what ``--weights`` says, or the name of the best shipped network."""
    return str(args.weights) if args.weights else default_weights()


def load_predictor(args: argparse.Namespace) -> Predictor:
    """Return the predictor that ``--weights``, ``--device``, ``--symmetries`` ask for."""
    loaded = load_weights(weights_name(args))
    precision = getattr(args, "precision", "auto")
    return Predictor(loaded, device=args.device, symmetries=args.symmetries, precision=precision)
