"""A `Mind` with a network: what `gopolicy gtp` plays and analyses with."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray

from gopolicy.engine.mind import Decision
from gopolicy.engine.other_sizes import at_size
from gopolicy.engine.player import Choice, Player, PlayerSettings
from gopolicy.engine.playouts import Estimate, dead_chains, estimate
from gopolicy.engine.predictor import Predictor
from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder
from gopolicy.go.board import Board
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import PASS, Color, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.nets.weights import LoadedNetwork, find_weights, load_weights

_PLAYOUTS = 200
_LONGEST_ESTIMATE = 0.25
"""Seconds for the playouts of an analysis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MindOptions:
    """How the network is run."""

    weights: str
    """A name or a path, see `gopolicy.nets.weights`."""
    device: str = "auto"
    symmetries: int = 1
    threads: int | None = None
    """Cores to compute with; None: half of them, 4 at most.  One position keeps few cores busy, and
    threads that wait for a core which another program has make a move ten times as slow."""
    play: PlayerSettings | None = None


class NetworkMind:
    """Thinks with a network, on boards of its own size and, if it can, of others."""

    def __init__(self, options: MindOptions) -> None:
        torch.set_num_threads(options.threads or few_threads())
        self._options = options
        self._loaded = load_weights(options.weights)
        self._name = find_weights(options.weights).name
        self._symmetries = options.symmetries
        self._player = Player(self, options.play)
        self._predictors: dict[int, Predictor] = {}
        self._encoders: dict[int, Encoder] = {}
        size = self._loaded.info.size
        self.probabilities([Board(size)], [Color.BLACK])  # the first time takes longer

    def describe(self) -> str:
        """Return which network thinks, in one line."""
        info = self._loaded.info
        settings = " ".join(f"{key} {value}" for key, value in info.settings.items())
        return f"{self._name}: {info.network} {settings}, planes {info.plane_set}"

    def accepts(self, size: int) -> bool:
        """Return whether boards of this size can be thought about."""
        try:
            self._predictor(size)
        except ConfigError:
            return False
        return True

    def probabilities(
        self, boards: Sequence[Board], colors: Sequence[Color], symmetry: int | None = None
    ) -> NDArray[np.float32]:
        """Return the probability of every point, [B, A], legality ignored."""
        size = boards[0].size
        predictor = self._predictor(size)
        encoder = self._encoders[size]
        planes = np.stack(
            [
                encoder.board(board.arrays, int(color), symmetry or 0)
                for board, color in zip(boards, colors, strict=True)
            ]
        )
        predictor.symmetries = self._symmetries if symmetry is None else 1
        priors_ba: NDArray[np.float32] = np.exp(predictor.log_probabilities(planes))
        return priors_ba if not symmetry else priors_ba[:, symmetry_table(size)[symmetry]]

    def choose(
        self,
        board: Board,
        color: Color,
        *,
        seconds: float | None = None,
        cleanup: bool = False,
        deterministic: bool = False,
    ) -> Decision:
        """Return a move for color."""
        choice = self._player.choose(
            board, color, seconds=seconds, cleanup=cleanup, deterministic=deterministic
        )
        return Decision(
            point=choice.point, resign=choice.resign, explanation=explain(choice, board)
        )

    def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
        """Return the probability of every point for the player, [A]."""
        priors_a: NDArray[np.float32] = self.probabilities([board], [color or board.to_move])[0]
        return priors_a

    def outlook(self, board: Board) -> Estimate:
        """Return how the game may end."""
        return estimate(board, _PLAYOUTS, to_move=board.to_move, seconds=_LONGEST_ESTIMATE)

    def dead(self, board: Board) -> list[tuple[Point, ...]]:
        """Return the chains that are dead."""
        return dead_chains(board)

    def settings(self) -> Mapping[str, object]:
        """Return what can be set, by name."""
        return asdict(self._player.settings) | {"symmetries": self._symmetries}

    def change(self, name: str, value: str) -> None:
        """Change a setting; ConfigError if there is no such setting or value."""
        if name == "symmetries":
            if value not in ("1", "8"):
                raise ConfigError(f"expected 1 or 8 symmetries, got {value!r}")
            self._symmetries = int(value)
            return
        changed = changed_settings(self._player.settings, name, value)
        if name == "seed":
            self._player = Player(self, changed)
        self._player.settings = changed

    def _predictor(self, size: int) -> Predictor:
        """Return the predictor for a size of board; ConfigError if there can be none."""
        if size not in self._predictors:
            loaded = self._loaded
            if size != loaded.info.size:
                network = at_size(loaded.network, size)
                loaded = LoadedNetwork(network, replace(loaded.info, size=size))
            self._predictors[size] = Predictor(loaded, device=self._options.device)
            self._encoders[size] = Encoder(loaded.info.plane_set, size)
        return self._predictors[size]


def few_threads() -> int:
    """Return how many cores to use for one position at a time."""
    return min(max((os.cpu_count() or 1) // 2, 1), 4)


def explain(choice: Choice, board: Board) -> str:
    """Return in a few words what was thought about a choice."""
    words = []
    if not choice.resign and choice.point != PASS:
        share = float(choice.probabilities[choice.point])
        best = int(np.argmax(choice.probabilities))
        words.append(f"{vertex_name(choice.point, board.size)} {share:.1%}")
        if best != choice.point:
            first = vertex_name(best, board.size)
            words.append(f"most probable {first} {float(choice.probabilities[best]):.1%}")
    if choice.win_rate is not None and choice.score is not None:
        words.append(f"win rate by playouts {choice.win_rate:.0%}, score {choice.score:+.1f}")
    return "; ".join([*words, choice.reason])


def changed_settings(settings: PlayerSettings, name: str, value: str) -> PlayerSettings:
    """Return settings with one changed, its value given as text; ``none`` stands for no value."""
    types = {field.name: field.type for field in fields(PlayerSettings)}
    known = {key: getattr(kind, "__name__", str(kind)) for key, kind in types.items()}
    if name not in known:
        raise ConfigError(f"expected a setting from {', '.join(sorted(known))}, got {name!r}")
    kind = known[name]
    parsed: object = value
    try:
        if value.lower() == "none" and "None" in kind:
            parsed = None
        elif kind.startswith("int"):
            parsed = int(value)
        elif kind.startswith("float"):
            parsed = float(value)
    except ValueError:
        raise ConfigError(f"expected {name} to be a number, got {value!r}") from None
    return replace(settings, **{name: parsed})  # type: ignore[arg-type]
