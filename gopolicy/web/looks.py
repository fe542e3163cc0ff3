"""What the page shows of a position: heat map, ownership, planes, ladders, saliency, layers."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.board_svg import board_svg
from gopolicy.draw.heat_map import heat_on_wood
from gopolicy.errors import ConfigError, VertexError
from gopolicy.go.board import Board
from gopolicy.go.ladder_kernels import CAPTURES, ESCAPES, mark_ladders
from gopolicy.go.ladder_reading_kernels import new_ladder_scratch
from gopolicy.go.types import BORDER, Color, Point
from gopolicy.go.vertex import parse_vertex, vertex_name
from gopolicy.nets.probe import answers
from gopolicy.play.any_bot import outlooks_around
from gopolicy.policy.view import View, view_of
from gopolicy.sgf.positions import Position
from gopolicy.views.activations import as_maps
from gopolicy.views.board_lens import BoardLens
from gopolicy.views.saliency import remove_each
from gopolicy.web.engines import Engine

LISTED, LABELED = 8, 5
"""Moves in the list, and those with their percentage on the board."""
_LEAST = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user wants to see on the board."""

    layer: str = "moves"
    """One of `LAYERS`, or ``nothing``."""
    number: int = 0
    """Which plane, or which layer of the network."""
    channel: int = 0
    """Which channel of the layer."""
    vertex: str = ""
    """The move that saliency is asked about; the network's first without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A position with the marks that its record makes there."""

    position: Position
    marks: Mapping[Point, str] = field(default_factory=dict)
    show_played: bool = True

    def picture(self, **more: Any) -> BoardPicture:
        """Return the picture of it with more on it; its own marks come last."""
        board = self.position.board
        labels = {**more.pop("labels", {}), **self.marks}
        return BoardPicture(
            stones=board.stones,
            last_move=board.last_move,
            played=self.position.played if self.show_played else None,
            legend=False,
            labels=labels,
            **more,
        )

    def quiet(self, wish: Wish) -> BoardPicture:
        """Return it as it is until the network has answered: on the wood of the answer."""
        if wish.layer != "moves":
            return self.picture()
        return self.picture(heat=np.zeros(self.position.board.size**2, np.float32))


Sight = tuple[BoardPicture, str]
"""What a layer makes of a scene, and what is said about it."""


def look(engine: Engine, scene: Scene, wish: Wish) -> dict[str, Any]:
    """Return what one network shows: picture, note, and its most probable moves."""
    position = scene.position
    try:
        view = view_of(engine.bot, position)
        picture, note = LAYERS[wish.layer](engine, scene, view, wish)
        moves = _listed(engine, position, view)
    except ConfigError as error:  # a network that plays one size only stands beside others
        picture, note, moves = scene.picture(), str(error), []
    return {
        "name": engine.name,
        "svg": board_svg(picture),
        "note": note,
        "layers": engine.layers,
        "moves": moves,
        "played": _played(view, position) if moves else None,
    }


def _listed(engine: Engine, position: Position, view: View) -> list[dict[str, Any]]:
    best, color = [each for each in view.best_points(LISTED) if each[1] >= _LEAST], position.to_play
    moves: list[dict[str, Any]] = [
        {
            "vertex": vertex_name(point, view.size),
            "share": round(share, 5),
            "color": "#{:02x}{:02x}{:02x}".format(*heat_on_wood(share)),
        }
        for point, share in best
    ]
    after = None
    if engine.bot.policy(view.size).knows_outcomes:
        _, after = outlooks_around(engine.bot, position.board, color, dict(best), position.rules)
    for move, seen in zip(moves, after or (), strict=False):
        move |= {"wins": round(seen.win_rate(color), 4), "lead": round(seen.lead_of(color), 1)}
    return moves


def _played(view: View, position: Position) -> dict[str, Any] | None:
    played = position.played
    if played is None or played < 0:
        return None
    vertex = vertex_name(played, view.size)
    share = float(view.probabilities[played])
    return {"vertex": vertex, "share": round(share, 5), "rank": view.rank(played)}


def short_percent(share: float) -> str:
    """Return a percentage in few letters, without its sign.

    >>> short_percent(0.34), short_percent(0.004), short_percent(1)
    ('34', '0.4', '100')
    """
    return f"{100 * share:.0f}" if share >= 0.0095 else f"{100 * share:.1f}"


def _moves(engine: Engine, scene: Scene, view: View, wish: Wish) -> Sight:
    labels = {
        point: short_percent(share) for point, share in view.best_points(LABELED) if share >= _LEAST
    }
    return scene.picture(heat=view.heat.reshape(-1), labels=labels), ""


def _ownership(engine: Engine, scene: Scene, view: View, wish: Wish) -> Sight:
    """Show whose points will be: what the network says if it has learned that, or playouts."""
    position = scene.position
    shares = dict(view.best_points(LISTED))
    seen, _ = outlooks_around(engine.bot, position.board, position.to_play, shares, position.rules)
    source = f"{seen.playouts} random games from here" if seen.playouts else "The network"
    ahead = "Black" if seen.lead > 0 else "White"
    note = (
        f"{source}: Black wins {seen.black_wins:.0%}; {ahead} is ahead by {abs(seen.lead):.1f} "
        "on average. Squares: whose the empty points will be, and the stones that are lost."
    )
    return scene.picture(owners=seen.ownership), note


def _ladders(engine: Engine, scene: Scene, view: View, wish: Wish) -> Sight:
    captures, escapes = ladder_moves(scene.position.board, scene.position.to_play)
    labels = {point: "C" for point in captures} | {point: "E" for point in escapes}
    who = scene.position.to_play.name.capitalize()
    found = [
        f"{', '.join(vertex_name(at, view.size) for at in points)} {verb} in a ladder"
        for points, verb in ((captures, "(C) captures"), (escapes, "(E) escapes"))
        if points
    ]
    note = f"{who} to move: {'; '.join(found) if found else 'no ladder to start or to leave'}."
    return scene.picture(labels=labels), note


def ladder_moves(board: Board, color: Color) -> tuple[list[Point], list[Point]]:
    """Return the moves of color that catch a chain in a ladder, and those that save one."""
    marks = np.zeros(board.arrays.stones.shape[0], np.int8)
    mark_ladders(board.arrays, int(color), new_ladder_scratch(), marks)
    inside = marks[board.arrays.stones != BORDER]
    captures, escapes = (
        [Point(int(point)) for point in np.flatnonzero(inside & bit)] for bit in (CAPTURES, ESCAPES)
    )
    return captures, escapes


def _plane(engine: Engine, scene: Scene, view: View, wish: Wish) -> Sight:
    policy = engine.bot.policy(view.size)
    planes = policy.planes_of(scene.position.board.arrays, scene.position.to_play)
    number = min(wish.number, len(planes) - 1)
    values = planes[number].reshape(-1).astype(np.float32)
    note = f"Plane {number}, {policy.encoder.plane_set.describe(number)}."
    return scene.picture(weights=values, full_weight=1.0), note


def _saliency(engine: Engine, scene: Scene, view: View, wish: Wish) -> Sight:
    best = view.best_points(1)
    if not scene.position.board.stones.any() or not best:
        return scene.picture(), "There is no stone on the board to take away."
    move = best[0][0]
    with suppress(VertexError):  # chosen on a larger board
        wished = parse_vertex(wish.vertex, view.size) if wish.vertex else move
        move = wished if wished >= 0 and view.legal[wished] else move
    lens = BoardLens(engine.name, engine.bot.policy(view.size))
    found = remove_each(lens, scene.position.board, scene.position.to_play, move)
    vertex = vertex_name(move, view.size)
    note = (
        f"Which stones speak for {vertex} ({found.probability:.1%}): without a blue one the move "
        "would be less probable, without an orange one more."
    )
    values = found.per_point(found.support, view.size)
    return replace(scene.picture(weights=values), played=move), note


def _activation(engine: Engine, scene: Scene, view: View, wish: Wish) -> Sight:
    policy = engine.bot.policy(view.size)
    name = engine.layers[min(wish.number, len(engine.layers) - 1)]
    lens = BoardLens(engine.name, policy)
    planes = lens.planes_of(scene.position.board, scene.position.to_play)
    with torch.inference_mode():
        found = answers(lens.network, lens.input_of(planes[None]), [name])[name][0]
    maps = as_maps(found, view.size)
    if maps.shape[1:] != (view.size, view.size):
        return scene.picture(), f"The answers of {name} are not laid out as a board."
    channel = min(wish.channel, len(maps) - 1)
    largest = float(np.abs(maps[channel]).max())
    note = f"Layer {name}, channel {channel} of {len(maps)}: largest answer {largest:.3g}."
    return scene.picture(weights=maps[channel].reshape(-1)), note


LAYERS: dict[str, Callable[[Engine, Scene, View, Wish], Sight]] = {
    "moves": _moves,
    "nothing": lambda engine, scene, view, wish: (scene.picture(), ""),
    "ownership": _ownership,
    "ladders": _ladders,
    "plane": _plane,
    "saliency": _saliency,
    "activation": _activation,
}
