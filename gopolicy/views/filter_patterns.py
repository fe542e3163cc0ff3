"""First-layer filters as stone patterns, and which groups of planes they listen to.

Before its activation a first-layer filter is linear, and on every point exactly one of own stone,
opponent stone and empty holds.  So the stones that excite a filter most need no search: point by
point they are the state with the largest weight.  Planes such as liberties follow from the stones
of the whole board and are not free; a state counts with the mean of those planes where that state
holds in real positions, its *companions*.  With the plane set `alphago4` there are none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gopolicy.errors import ConfigError
from gopolicy.features.planes import PlaneSet
from gopolicy.nets.layers import ConvBlock, Dense
from gopolicy.nets.probe import answers, layer_of, weight_of

Float32Array = npt.NDArray[np.float32]
EMPTY_HERE, OWN_STONE, OPPONENT_STONE, OFF_BOARD = range(4)
STONES = (OWN_STONE, OPPONENT_STONE)


@dataclass(frozen=True, slots=True, eq=False)
class FirstLayer:
    """The filters of the first layer, seen as weights on points.  K filters, C planes."""

    name: str
    weight: Float32Array
    """[K, C, H, W]; a dense layer has filters as large as the board."""
    whole_board: bool
    """Whether it is a dense layer, whose filters stand in one place."""


@dataclass(frozen=True, slots=True, eq=False)
class StoneWeights:
    """The weights of K filters on the state of each point."""

    states: Float32Array
    """[K, 3, H, W] empty, own stone, opponent stone (black, white in literal plane sets)."""
    words: tuple[str, str, str]
    """What the states are called."""

    def centered(self) -> Float32Array:
        """Return the same function in the one form that can be compared: [K, 4, H, W].

        Empty, own and opponent with the mean of the three taken out, which goes to the fourth: on
        the board instead of off it.  (The three planes add up to the plane of ones, so a network
        can shift weight between them without changing anything.)
        """
        mean = self.states.mean(axis=1, keepdims=True)
        return np.concatenate([self.states - mean, mean], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class StonePattern:
    """The pattern that excites one filter most."""

    states: npt.NDArray[np.int8]
    """[H, W] EMPTY_HERE, OWN_STONE, OPPONENT_STONE or OFF_BOARD."""
    margins: Float32Array
    """[H, W] what the next best state would cost there; 0 off the board."""
    value: float
    """What these stones, with their companions, add up to."""
    possible: bool
    """Whether a board can show it whole: no chain of it is without a liberty."""


def first_layer(network: nn.Module, plane_set: PlaneSet, size: int) -> FirstLayer:
    """Return the filters of the first layer of a network for Go."""
    name, weight = weight_of(network)
    array = weight.cpu().numpy().astype(np.float32)
    if array.ndim == 2:
        array = array.reshape(len(array), plane_set.count, size, size)
    return FirstLayer(name, array, weight.ndim == 2)


def stone_weights(weight: Float32Array, plane_set: PlaneSet, x: Float32Array) -> StoneWeights:
    """Return what filters [K, C, H, W] think of the state of points.

    x [B, C, N, N] are real positions, for the companions.
    """
    states = np.einsum("kchw,sc->kshw", weight, state_means(x, plane_set), optimize=True)
    literal = plane_set.first("stone color") < 0
    words = ("empty", "black", "white") if literal else ("empty", "own stone", "opponent's stone")
    return StoneWeights(states.astype(np.float32), words)


def state_means(x: Float32Array, plane_set: PlaneSet) -> Float32Array:
    """Return the mean planes of an empty point, an own and an opponent stone in x, [3, C].

    x is [B, C, N, N].  Black and white instead of own and opponent in literal plane sets.
    ConfigError if the planes have no stones.
    """
    color, literal = plane_set.first("stone color"), plane_set.first("stones")
    if color < 0 and literal < 0:
        raise ConfigError(f"plane set {plane_set.name} has no planes of stones to draw patterns of")
    if color >= 0:
        states = [x[:, color + 2] > 0, x[:, color] > 0, x[:, color + 1] > 0]
    else:
        states = [x[:, literal] == 0, x[:, literal] > 0, x[:, literal] < 0]
    points = np.moveaxis(x, 1, -1)
    return np.stack([_mean(points[state]) for state in states]).astype(np.float32)


def _mean(rows: Float32Array) -> npt.NDArray[np.float64]:
    """Return the mean of rows [R, C] over R, zeros where there are none."""
    mean: npt.NDArray[np.float64] = rows.sum(axis=0, dtype=np.float64) / max(1, len(rows))
    return mean


def best_pattern(weights: StoneWeights, k: int, *, whole_board: bool = False) -> StonePattern:
    """Return the exact stone pattern, edge of the board included, that excites filter k most."""
    states = weights.states[k]
    order = np.sort(states, axis=0)
    best = order[2]
    height, width = best.shape
    choices = [(0, height, 0, width)]
    if not whole_board:
        choices = [(*rows, *columns) for rows in _cuts(height) for columns in _cuts(width)]
    sums = [float(best[top:bottom, left:right].sum()) for top, bottom, left, right in choices]
    top, bottom, left, right = choices[int(np.argmax(sums))]
    inside = np.zeros(best.shape, np.bool_)
    inside[top:bottom, left:right] = True
    shown = np.where(inside, states.argmax(axis=0), OFF_BOARD).astype(np.int8)
    return StonePattern(
        states=shown,
        margins=np.where(inside, order[2] - order[1], 0.0).astype(np.float32),
        value=max(sums),
        possible=all_breathe(shown, whole_board=whole_board),
    )


def all_breathe(states: npt.NDArray[np.int8], *, whole_board: bool = False) -> bool:
    """Return whether every chain of a pattern [H, W] has a liberty, or may have one outside it.

    Points outside the pattern may be empty, unless it is the whole board.
    """
    outside = OFF_BOARD if whole_board else EMPTY_HERE
    padded = np.pad(states, 1, constant_values=outside)
    stones = {(int(y), int(x)) for y, x in np.argwhere(np.isin(padded, STONES))}
    reached = [(int(y), int(x)) for y, x in np.argwhere(padded == EMPTY_HERE)]
    breathing = set(reached)
    while reached:
        row, column = reached.pop()
        for near in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if near in breathing or near not in stones:
                continue
            if padded[row, column] in (EMPTY_HERE, padded[near]):
                breathing.add(near)
                reached.append(near)
    return breathing.issuperset(stones)


def _cuts(length: int) -> list[tuple[int, int]]:
    """Return the parts of a window whose middle is on the board: all of it, or cut by an edge."""
    reach = length // 2
    return [(cut, length) for cut in range(reach + 1)] + [
        (0, length - cut) for cut in range(1, reach + 1)
    ]


def group_shares(network: nn.Module, x: Tensor, plane_set: PlaneSet) -> Float32Array:
    """Return which groups of planes move each filter of the first layer, [K, G].

    The share of a group is the variance, over real positions x [B, C, N, N] and all points, of what
    the group adds to the filter's sum, divided by the total over all groups.
    """
    name, weight = weight_of(network)
    layer = layer_of(network, name)
    variances = []
    first = 0
    for group in plane_set.groups:
        planes = slice(first, first + group.count)
        first += group.count
        variances.append(_added(layer, weight, x, planes).var(dim=(0, 2, 3)))
    stacked = torch.stack(variances, dim=1)
    shares = stacked / stacked.sum(dim=1, keepdim=True).clamp_min(1e-12)
    result: Float32Array = shares.cpu().numpy().astype(np.float32)
    return result


def _added(layer: nn.Module, weight: Tensor, x: Tensor, planes: slice) -> Tensor:
    part = x[:, planes]
    if isinstance(layer, ConvBlock):
        conv = layer.conv
        return F.conv2d(layer.pad(part), weight[:, planes], None, conv.stride, conv.padding)
    assert isinstance(layer, Dense)
    board = x.shape[2] * x.shape[3]
    columns = slice(planes.start * board, planes.stop * board)
    return F.linear(part.flatten(1), weight[:, columns])[:, :, None, None]


def liveliness(network: nn.Module, x: Tensor, name: str) -> tuple[Float32Array, Float32Array]:
    """Return how much each channel of a layer varies over x, and its largest value, both [K]."""
    with torch.inference_mode():
        out = answers(network, x, [name])[name]
    flat = out.transpose(0, 1).flatten(1)
    return flat.std(dim=1).cpu().numpy(), flat.amax(dim=1).cpu().numpy()


def strongest(spread: Float32Array, count: int) -> Sequence[int]:
    """Return the filters that vary most, most first."""
    return [int(k) for k in np.argsort(-spread, kind="stable")[:count]]
