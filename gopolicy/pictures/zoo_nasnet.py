"""NASNet-A (Zoph et al. 2018), whose cells each see the outputs of the two cells before.

Layers, padding and constants are those of Keras Applications, whose weights therefore fit.
"""

from typing import NamedTuple, cast

from torch import Tensor, nn

from gopolicy.nets.layers import (
    Activation,
    Add,
    AveragePool,
    Branches,
    Concatenate,
    ConvBlock,
    ConvOptions,
    Dense,
    GlobalAverage,
    MaxPool,
    SamePad,
    Separable,
    make_activation,
)
from gopolicy.nets.network import PictureShape
from gopolicy.nets.norm import BatchNorm, NormOptions
from gopolicy.pictures.zoo_classic import BodyAndTop

_NORM = NormOptions(eps=1e-3, momentum=0.0003)


class NasnetSize(NamedTuple):
    """What the two published sizes differ in."""

    penultimate: int
    """Channels that come out of the last cell, over 24 the filters of the first normal cell."""
    blocks: int
    """Normal cells in each of three stages."""
    stem: int
    """Filters of the first convolution."""
    keep_older: bool
    """After a reduction, the next cell sees what the reduction saw as older input, too."""


LARGE = NasnetSize(4032, 6, 96, keep_older=True)
"""NASNet-A (6 @ 4032)."""
MOBILE = NasnetSize(1056, 4, 32, keep_older=False)
"""NASNet-A (4 @ 1056)."""


def nasnet(shape: PictureShape, classes: int, size: NasnetSize) -> BodyAndTop:
    """Return NASNet of a size."""
    first = ConvOptions(stride=2, padding="valid", norm=_NORM, activation="none")
    features = {
        "stem": ConvBlock(shape.channels, size.stem, 3, first),
        "cells": Cells(size),
        "activation": make_activation("relu", inplace=True),
    }
    head = Dense(size.penultimate, classes, "none")
    return features, {"global_average": GlobalAverage(), "head": head}


class Cells(nn.Module):
    """The cells in order; each sees the output of the one before and an older one."""

    def __init__(self, size: NasnetSize) -> None:
        super().__init__()
        self.keep_older = size.keep_older
        self.cells = nn.ModuleList()
        self._x = self._older = _Origin(size.stem, 0)
        filters = size.penultimate // 24
        self._add(ReductionCell, filters // 4)
        self._add(ReductionCell, filters // 2)
        for stage in range(3):
            if stage:
                self._add(ReductionCell, filters << stage, keep_older=size.keep_older)
            for _ in range(size.blocks):
                self._add(NormalCell, filters << stage)

    def _add(self, kind: "type[Cell]", filters: int, *, keep_older: bool = False) -> None:
        """Append a cell and note where its output comes from."""
        cell = kind(self._x, self._older, filters)
        cell.keep_older = keep_older
        self.cells.append(cell)
        if not keep_older:
            self._older = self._x
        halvings = self._x.halvings + (kind is ReductionCell)
        self._x = _Origin(kind.widening * filters, halvings)

    def forward(self, x: Tensor) -> Tensor:
        """Map the output of the stem to that of the last cell."""
        older = x
        for cell in self.cells:
            out = cell(x, older)
            older = older if cell.keep_older else x
            x = out
        return x


class _Origin(NamedTuple):
    """Where an input of a cell comes from."""

    channels: int
    halvings: int


class Cell(nn.Module):
    """What both kinds of cells begin with: the newer input by a 1x1, the older made to fit."""

    widening = 0
    """Channels that come out, over filters."""

    def __init__(self, x: _Origin, older: _Origin, filters: int) -> None:
        super().__init__()
        self.filters, self.keep_older = filters, False
        self.older = _adjustment(x, older, filters)
        before = ConvOptions(bias=False, activation="relu", preactivation=True)
        self.newer = nn.Sequential(
            ConvBlock(x.channels, filters, 1, before), BatchNorm(filters, _NORM)
        )
        self.concatenate = Concatenate()
        for number in range(1, 6):
            self.add_module(f"add{number}", Add())

    def _twice(self, kernel: int, inputs: int | None = None, stride: int = 1) -> nn.Sequential:
        return nn.Sequential(self._separable(kernel, inputs, stride), self._separable(kernel))

    def _separable(self, kernel: int, inputs: int | None = None, stride: int = 1) -> Separable:
        width = inputs or self.filters
        before: tuple[Activation, Activation] = ("relu", "none")
        return Separable(width, self.filters, kernel, _NORM, stride=stride, activations=before)

    def _sum(self, number: int, x: Tensor, y: Tensor) -> Tensor:
        return cast(Tensor, self.get_submodule(f"add{number}")(x, y))


class NormalCell(Cell):
    """A cell that keeps the sides of its input."""

    widening = 6

    def __init__(self, x: _Origin, older: _Origin, filters: int) -> None:
        super().__init__(x, older, filters)
        self.left1, self.right1 = self._twice(5), self._twice(3)
        self.left2, self.right2 = self._twice(5), self._twice(3)
        self.left3, self.left4, self.right4 = (AveragePool(3, 1, "same") for _ in range(3))
        self.left5 = self._twice(3)

    def forward(self, x: Tensor, older: Tensor) -> Tensor:
        """Map two inputs to [B, 6 * filters, H, W]."""
        p, h = self.older(older), self.newer(x)
        return cast(
            Tensor,
            self.concatenate(
                p,
                self._sum(1, self.left1(h), self.right1(p)),
                self._sum(2, self.left2(p), self.right2(p)),
                self._sum(3, self.left3(h), p),
                self._sum(4, self.left4(p), self.right4(p)),
                self._sum(5, self.left5(h), h),
            ),
        )


class ReductionCell(Cell):
    """A cell that halves the sides of its input."""

    widening = 4

    def __init__(self, x: _Origin, older: _Origin, filters: int) -> None:
        super().__init__(x, older, filters)
        width = older.channels if isinstance(self.older, nn.Identity) else filters
        self.pad = SamePad(3, 2)
        self.left1, self.right1 = self._twice(5, stride=2), self._twice(7, width, 2)
        self.left2, self.right2 = MaxPool(3, 2), self._twice(7, width, 2)
        self.left3, self.right3 = AveragePool(3, 2), self._twice(5, width, 2)
        self.left4 = AveragePool(3, 1, "same")
        self.left5, self.right5 = self._twice(3), MaxPool(3, 2)

    def forward(self, x: Tensor, older: Tensor) -> Tensor:
        """Map two inputs to [B, 4 * filters, H / 2, W / 2], rounded up."""
        p, h = self.older(older), self.newer(x)
        padded = self.pad(h)
        x1 = self._sum(1, self.left1(h), self.right1(p))
        x2 = self._sum(2, self.left2(padded), self.right2(p))
        x3 = self._sum(3, self.left3(padded), self.right3(p))
        x4 = self._sum(4, x2, self.left4(x1))
        x5 = self._sum(5, self.left5(x1), self.right5(padded))
        return cast(Tensor, self.concatenate(x2, x3, x4, x5))


def _adjustment(x: _Origin, older: _Origin, filters: int) -> nn.Module:
    """Return what gives the older input the sides of the newer one and this many channels."""
    if older is x:
        return nn.Identity()
    if older.halvings != x.halvings:
        plain = ConvOptions(
            stride=2, padding="valid", bias=False, activation="relu", preactivation=True
        )
        shifted = ConvOptions(
            stride=2, padding=(-1, 1, -1, 1), bias=False, activation="relu", preactivation=True
        )
        half = filters // 2
        halves = Branches(
            ConvBlock(older.channels, half, 1, plain), ConvBlock(older.channels, half, 1, shifted)
        )
        return nn.Sequential(halves, BatchNorm(2 * half, _NORM))
    if older.channels == filters:
        return nn.Identity()
    before = ConvOptions(bias=False, activation="relu", preactivation=True)
    return nn.Sequential(ConvBlock(older.channels, filters, 1, before), BatchNorm(filters, _NORM))
