"""Positions to planes: the one encoder of training, evaluation and play."""

from gopolicy.features.encode import Encoder, Planes, Samples
from gopolicy.features.planes import PLANE_SETS, PlaneGroup, PlaneSet, plane_set

__all__ = ["PLANE_SETS", "Encoder", "PlaneGroup", "PlaneSet", "Planes", "Samples", "plane_set"]
