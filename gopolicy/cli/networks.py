"""From the options of a command to a network that is ready; imports torch."""

import argparse
from pathlib import Path

from gopolicy.engine.predictor import Predictor
from gopolicy.nets.weights import default_weights, load_weights


def weights_name(args: argparse.Namespace) -> str:
    """Return what ``--weights`` says, or the name of the best shipped network."""
    return str(args.weights) if args.weights else default_weights()


def short_name(weights: str) -> str:
    """Return what to call weights in a picture: a shipped name, or the last folder that says more.

    >>> short_name("alphago-64x8"), short_name("runs/first/weights"), short_name("w/vgg16.h5")
    ('alphago-64x8', 'first', 'vgg16')
    """
    path = Path(weights)
    if path.name in ("model.safetensors", "model.json"):
        path = path.parent
    if path.name == "weights" and path.parent.name:
        path = path.parent
    return path.stem if path.suffix in (".h5", ".hdf5", ".safetensors") else path.name or weights


def load_predictor(args: argparse.Namespace) -> Predictor:
    """Return the predictor that ``--weights``, ``--device``, ``--symmetries`` ask for."""
    loaded = load_weights(weights_name(args))
    precision = getattr(args, "precision", "auto")
    return Predictor(loaded, device=args.device, symmetries=args.symmetries, precision=precision)
