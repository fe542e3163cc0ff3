"""Go policy networks that people can train, measure and play themselves.

The names below are the front door for Python; each is loaded when it is first used, so that
importing this package takes no time and needs no torch.  ``gopolicy --help`` is the command line.

>>> import gopolicy as gp
>>> board = gp.Board(5)
>>> board.play("C3"), board.play("D3")
(0, 0)
>>> board
   A B C D E
 5 . . . . . 5
 4 . . . . . 4
 3 . . X(O). 3
 2 . . . . . 2
 1 . . . . . 1
   A B C D E
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gopolicy import samples as samples
    from gopolicy.data.prepare_options import PrepareOptions as PrepareOptions
    from gopolicy.data.prepare_store import prepare as prepare
    from gopolicy.data.store import Store as Store
    from gopolicy.data.store import open_store as open_store
    from gopolicy.draw.view_picture import draw_board as draw_board
    from gopolicy.errors import GoPolicyError as GoPolicyError
    from gopolicy.evaluation.evaluate_policy import evaluate as evaluate
    from gopolicy.go.board import Board as Board
    from gopolicy.go.types import PASS as PASS
    from gopolicy.go.types import Color as Color
    from gopolicy.play.player import Player as Player
    from gopolicy.policy.load import load as load
    from gopolicy.policy.policy import Policy as Policy
    from gopolicy.policy.view import View as View
    from gopolicy.sgf.positions import Position as Position
    from gopolicy.sgf.read import read_game as read_game
    from gopolicy.sgf.read_all import read_games as read_games
    from gopolicy.sgf.record import GameRecord as GameRecord
    from gopolicy.sgf.write import write_game as write_game
    from gopolicy.training.config import TrainConfig as TrainConfig
    from gopolicy.training.recipes import RECIPES as RECIPES
    from gopolicy.training.run import train as train

_HOMES = {
    "Board": "go.board",
    "Color": "go.types",
    "GameRecord": "sgf.record",
    "GoPolicyError": "errors",
    "PASS": "go.types",
    "Player": "play.player",
    "Policy": "policy.policy",
    "Position": "sgf.positions",
    "PrepareOptions": "data.prepare_options",
    "RECIPES": "training.recipes",
    "Store": "data.store",
    "TrainConfig": "training.config",
    "View": "policy.view",
    "draw_board": "draw.view_picture",
    "evaluate": "evaluation.evaluate_policy",
    "load": "policy.load",
    "open_store": "data.store",
    "prepare": "data.prepare_store",
    "read_game": "sgf.read",
    "read_games": "sgf.read_all",
    "samples": "samples",
    "train": "training.run",
    "write_game": "sgf.write",
}
"""Where each public name lives; `samples` is a module."""

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gopolicy' has no attribute {name!r}")
    home = importlib.import_module(f"gopolicy.{_HOMES[name]}")
    value = home if name == "samples" else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names too."""
    return sorted(__all__)
