"""An `AnyBot` with a network: what `gopolicy gtp` plays and analyses with."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray

from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder
from gopolicy.go.board import Board
from gopolicy.go.scoring import Scoring
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import PASS, Color, Point, player
from gopolicy.go.vertex import vertex_name
from gopolicy.nets.weight_info import find_weights
from gopolicy.nets.weights import load_weights
from gopolicy.play.any_bot import Decision
from gopolicy.play.passing import Choice
from gopolicy.play.player import Player
from gopolicy.play.player_settings import PlayerSettings
from gopolicy.play.playouts import dead_by, estimate, leaning
from gopolicy.play.thread_choice import ThreadChoice
from gopolicy.policy.other_sizes import at_size
from gopolicy.policy.outlook import Outlook
from gopolicy.policy.policy import Policy

_TRIED = 3
"""Most positions of a look that tells how many threads are fastest."""
_PLAYOUTS = 200
_LONGEST_ESTIMATE = 0.25
"""Seconds for the playouts of an analysis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BotOptions:
    """How the network is run."""

    weights: str
    """A name or a path, see `gopolicy.nets.weights`."""
    device: str = "auto"
    backend: str = "auto"
    """The library that computes, see `gopolicy.policy.backends`."""
    symmetries: int = 1
    threads: int | None = None
    """Threads to compute with; None: as a trial says, see `gopolicy.play.thread_choice`."""
    play: PlayerSettings | None = None
    remark: Callable[[str], None] | None = None
    """Is told what trials found, of threads and of libraries, and at the first count that playouts
    alone tell dead stones, where the network knows only moves."""


class Bot:
    """Thinks with a network, on boards of its own size and, if it can, of others."""

    def __init__(self, options: BotOptions) -> None:
        torch.set_num_threads(options.threads or 1)
        self._options = options
        self._loaded = load_weights(options.weights)
        self._name = find_weights(options.weights).name
        self._symmetries = options.symmetries
        self._told = False
        if options.play is not None:
            self._check(options.play)
        self._player = Player(self, options.play)
        self._predictors: dict[int, Policy] = {}
        self._encoders: dict[int, Encoder] = {}
        self._threads: ThreadChoice | None = None
        self._usual_look()  # the first time takes longer
        if options.threads is None and self.policy(self.size).device.type == "cpu":
            self._threads = ThreadChoice(self._usual_look, options.remark)

    def _usual_look(self) -> None:
        """Look at positions as a turn does.

        They are so few that no trial of libraries, see `BackendChoice`, falls into that of threads.
        """
        count = min(max(1, self._player.settings.look_ahead), _TRIED)
        boards = [Board(self.size)] * count
        self.probabilities(boards, [Color.BLACK] * count, rough=count > 1)

    def describe(self) -> str:
        """Return which network thinks, in one line."""
        info = self._loaded.info
        settings = " ".join(f"{key} {value}" for key, value in info.settings.items())
        return f"{self._name}: {info.network} {settings}, planes {info.plane_set}"

    @property
    def size(self) -> int:
        """The side of the boards that the network was trained on."""
        return self._loaded.info.size

    def accepts(self, size: int) -> bool:
        """Return whether boards of this size can be thought about."""
        try:
            self.policy(size)
        except ConfigError:
            return False
        return True

    def probabilities(
        self,
        boards: Sequence[Board],
        colors: Sequence[Color],
        symmetry: int | None = None,
        *,
        rough: bool = False,
    ) -> NDArray[np.float32]:
        """Return the probability of every point, [B, A], legality ignored."""
        size = boards[0].size
        policy = self.policy(size)
        encoder = self._encoders[size]
        planes = np.stack(
            [
                encoder.board(board.arrays, int(color), symmetry or 0)
                for board, color in zip(boards, colors, strict=True)
            ]
        )
        policy.symmetries = self._symmetries if symmetry is None else 1
        priors_ba: NDArray[np.float32] = np.exp(
            policy.log_probabilities(planes, policy.small_batch(rough))
        )
        return priors_ba if not symmetry else priors_ba[:, symmetry_table(size)[symmetry]]

    def choose(
        self,
        board: Board,
        color: Color,
        *,
        seconds: float | None = None,
        cleanup: bool = False,
        deterministic: bool = False,
        scoring: Scoring = "area",
    ) -> Decision:
        """Return a move for color."""
        choice = self._player.choose(
            board,
            color,
            seconds=seconds,
            cleanup=cleanup,
            deterministic=deterministic,
            scoring=scoring,
        )
        return Decision(
            point=choice.point, resign=choice.resign, explanation=explain(choice, board)
        )

    def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
        """Return the probability of every point for the player, [A]."""
        color = board.to_move if color is None else player(color)
        begin = time.perf_counter()
        priors_a: NDArray[np.float32] = self.probabilities([board], [color])[0]
        if self._threads:
            self._threads.timed(time.perf_counter() - begin)
        return priors_a

    def outlook(self, board: Board, color: Color) -> Outlook:
        """Return how the game may end, with color to move."""
        found = self.outlooks([board], [color])
        if found is not None:
            return found[0]
        return estimate(board, _PLAYOUTS, to_move=color, seconds=_LONGEST_ESTIMATE)

    def outlooks(
        self,
        boards: Sequence[Board],
        colors: Sequence[Color] | None = None,
        *,
        rough: bool = False,
    ) -> list[Outlook] | None:
        """Return what the network says of how games may end; None if it knows moves alone."""
        if not boards:
            return None
        policy = self.policy(boards[0].size)
        policy.symmetries = self._symmetries
        return policy.outlooks(boards, colors, rough=rough)

    def dead(self, board: Board) -> list[tuple[Point, ...]]:
        """Return the chains that are dead."""
        verdict = estimate(board)
        found = self.outlooks([board], [board.to_move])
        if found is None and self._options.remark is not None and not self._told:
            self._told = True
            self._options.remark(f"{self._name} knows only moves; playouts alone tell dead stones")
        return dead_by(board, leaning(verdict, found[0]) if found else verdict)

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
        self._check(changed)
        if name == "seed":
            self._player = Player(self, changed)
        self._player.settings = changed

    def _check(self, settings: PlayerSettings) -> None:
        """Raise ConfigError for settings that this network cannot play by."""
        if settings.look_ahead > 1 and not self._loaded.info.outcome:
            raise ConfigError(f"{self._name} has not learned who wins, so it cannot look ahead")

    def policy(self, size: int) -> Policy:
        """Return the network for a size of board; ConfigError if there can be none."""
        if size not in self._predictors:
            loaded = self._loaded
            if size != loaded.info.size:
                network = at_size(loaded.network, size)
                info = replace(loaded.info, size=size)
                loaded = replace(loaded, network=network, info=info)
            options = self._options
            self._predictors[size] = Policy(
                loaded, device=options.device, backend=options.backend, remark=options.remark
            )
            self._encoders[size] = Encoder(loaded.info.plane_set, size)
        return self._predictors[size]


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
