"""Drawing one move from probabilities: temperature, nucleus and floor."""

import numpy as np
from numpy.typing import NDArray

from gopolicy.go.types import Point


def pick(weights: NDArray[np.float64], temperature: float, dice: np.random.Generator) -> Point:
    """Return a point drawn by weights [A] ** (1 / temperature); temperature 0 takes the largest.

    >>> pick(np.array([0.1, 0.7, 0.2]), 0.0, np.random.default_rng(1))
    1
    """
    if temperature == 0.0:
        return Point(int(np.argmax(weights)))
    with np.errstate(divide="ignore", over="ignore"):  # far behind the best is nothing
        logs = np.log(weights)
        shares = np.exp((logs - logs.max()) / temperature)
    return Point(int(dice.choice(len(weights), p=shares / shares.sum())))


def narrowed(probabilities: NDArray[np.float64], top_p: float, min_p: float) -> NDArray[np.float64]:
    """Return the probabilities with the improbable points at 0, scaled to add up to 1.

    Kept are the most probable points that together reach top_p, and of these the ones that have at
    least min_p times the probability of the best.

    >>> narrowed(np.array([0.5, 0.3, 0.15, 0.05]), top_p=0.8, min_p=0.0).round(3).tolist()
    [0.625, 0.375, 0.0, 0.0]
    """
    order = np.argsort(-probabilities, kind="stable")
    before = np.cumsum(probabilities[order]) - probabilities[order]
    kept = np.zeros(len(probabilities), np.bool_)
    kept[order] = before < top_p - 1e-9
    kept &= probabilities >= min_p * probabilities.max()
    left = np.where(kept, probabilities, 0.0)
    scaled: NDArray[np.float64] = left / left.sum()
    return scaled


def among(probabilities: NDArray[np.float32], allowed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return probabilities of the allowed points alone, scaled to add up to 1.

    Where the network gives nothing to any of them, all are equally probable; zeros if none is
    allowed.
    """
    masked = np.where(allowed, probabilities.astype(np.float64), 0.0)
    total = masked.sum()
    if not total > 1e-30:
        masked, total = allowed.astype(np.float64), max(int(allowed.sum()), 1)
    scaled: NDArray[np.float64] = masked / total
    return scaled
