"""A `Mind` with a network: what `gopolicy gtp` plays and analyses with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gopolicy.engine.mind import Decision, Outlook
from gopolicy.engine.other_sizes import at_size
from gopolicy.engine.predictor import Predictor
from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder
from gopolicy.go.board import Board
from gopolicy.go.scoring import area_owners
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import PASS, Color, Point
from gopolicy.nets.weights import LoadedNetwork, find_weights, load_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class MindOptions:
    """How the network is run."""

    weights: str
    """A name or a path, see `gopolicy.nets.weights`."""
    device: str = "auto"
    symmetries: int = 1


class NetworkMind:
    """Thinks with a network, on boards of its own size and, if it can, of others."""

    def __init__(self, options: MindOptions) -> None:
        self._options = options
        self._loaded = load_weights(options.weights)
        self._name = find_weights(options.weights).name
        self._symmetries = options.symmetries
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
        """Return the most probable move for color, a pass where none is sensible."""
        prior_a = self.probabilities([board], [color])[0]
        sensible_a = (
            Encoder("alphago48", board.size).board(board.arrays, int(color))[46].ravel() > 0
        )
        prior_a = np.where(board.legal_mask(color) & sensible_a, prior_a, -1)
        best = int(np.argmax(prior_a))
        return Decision(point=Point(best) if prior_a[best] >= 0 else PASS)

    def outlook(self, board: Board) -> Outlook:
        """Return how the game may end."""
        owners = area_owners(board.stones).ravel()
        ownership = ((owners == Color.BLACK) * 1.0 - (owners == Color.WHITE)).astype(np.float32)
        lead = float(ownership.sum()) - board.komi
        return Outlook(ownership=ownership, lead=lead, spread=20.0, black_wins=0.5)

    def dead(self, board: Board) -> list[tuple[Point, ...]]:
        """Return the chains that are dead."""
        return []

    def settings(self) -> Mapping[str, object]:
        """Return what can be set, by name."""
        return {"symmetries": self._symmetries}

    def change(self, name: str, value: str) -> None:
        """Change a setting; ConfigError if there is no such setting or value."""
        if name != "symmetries" or value not in ("1", "8"):
            raise ConfigError(f"cannot set {name} to {value}")
        self._symmetries = int(value)

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
