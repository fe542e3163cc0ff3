"""What tests of layers compare: gradients, and how far two tensors are apart."""

from torch import Tensor


def slope(x: Tensor) -> Tensor:
    """Return the gradient of a tensor that has one."""
    assert x.grad is not None
    return x.grad


def distance(found: Tensor, wanted: Tensor) -> float:
    """Return the length of the difference, relative to that of what is wanted."""
    found, wanted = found.detach().double(), wanted.detach()
    return float((found - wanted).norm() / wanted.norm())
