"""How good win rates and scores are, by the number of moves played, and whether they are earned.

P positions: those of each game after 0, 50, 100, ... moves, as far as it goes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from gopolicy.data.position_kernels import Int64Array
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError
from gopolicy.evaluation.accuracy import interval
from gopolicy.go.board import Board
from gopolicy.go.types import EVENT_NO_POINT, EVENT_POINT_MASK, EVENT_SETUP, Color
from gopolicy.progress import SILENT, Progress
from gopolicy.sgf.positions import Position

STAGES = (0, 50, 100, 150, 200, 250)
"""Moves played, passes counted."""
BINS = 10
"""Bins of equal width that calibration sorts win rates into."""
_SURE = 1e-6
"""Nearer to 0 or 1 than this no win rate is taken to be."""
_RIDGE = 0.1

PROTOCOL = (
    "Of every game with a known winner and komi the positions after 0, 50, 100, ... moves count, "
    "where a board move follows, whatever the rank of who makes it. log_loss is the mean negative "
    "logarithm of the probability of the winner, in nats, brier the mean squared error of Black's "
    "win rate; always 50 % gives 0.6931 and 0.25. score_error is the mean distance between the "
    "expected lead and the final one, in points, where the game was counted. calibration_error is "
    f"the expected calibration error of Black's win rate in {BINS} bins of equal width. The "
    "network says the mean of two looks, at the position and at the one after its first choice. "
    "Playouts count half a win and half a loss more than they saw, for none is sure. Fitted "
    "playouts are a logistic regression on their mean lead, one for each number of moves, made on "
    "the half of the games that the position is not from. Intervals are 95 %."
)


class EndForecast(Protocol):
    """How a game may end; `gopolicy.policy.outlook.Outlook` is one."""

    @property
    def black_wins(self) -> float:
        """The probability that Black wins."""

    @property
    def lead(self) -> float:
        """Points Black is ahead on average, komi counted."""

    @property
    def playouts(self) -> int:
        """How many playouts it comes from."""


Ask = Callable[[Sequence[Position]], Sequence[EndForecast | None]]
"""Says how games may end from positions; None for what it does not know."""


class Forecasts(NamedTuple):
    """What somebody says of P positions."""

    black_wins: npt.NDArray[np.float64]
    """[P] the probability that Black wins."""
    leads: npt.NDArray[np.float64]
    """[P] points Black is ahead on average, komi counted; nan where nothing is said."""


@dataclass(frozen=True, slots=True, eq=False)
class EndedPositions:
    """Positions of games whose winner is known; all arrays [P]."""

    table: GameTable
    games: Int64Array
    moves: Int64Array
    """Moves played, one of `STAGES`."""
    events: Int64Array
    """The event that follows, counted from the start of the game."""

    def __len__(self) -> int:
        return len(self.games)

    @property
    def komis(self) -> npt.NDArray[np.float64]:
        """Points that White gets."""
        return self.table.komi[self.games].astype(np.float64)

    @property
    def black_won(self) -> npt.NDArray[np.bool_]:
        """Whether Black won."""
        won: npt.NDArray[np.bool_] = self.table.winner[self.games] == Color.BLACK
        return won

    @property
    def leads(self) -> npt.NDArray[np.float64]:
        """Points that Black was ahead in the end; nan where the game was not counted."""
        ends = self.table.played_out
        if ends is None:
            return np.full(len(self), np.nan)
        leads = ends.scores[self.games] - self.komis
        told = (self.events >= ends.starts[self.games]) & ((leads > 0) == self.black_won)
        return np.where(told, leads, np.nan)

    def colors(self, rows: slice) -> list[Color]:
        """Return who is to move in some of the positions."""
        at = self.table.event_offsets[self.games[rows]] + self.events[rows]
        return [Color(color) for color in (self.table.events[at] >> 10 & 3).tolist()]

    def board(self, row: int) -> Board:
        """Return one of the positions, with its komi."""
        events = self.table.game_events(int(self.games[row]))[: self.events[row]]
        return Board.from_events(self.table.size, events, komi=float(self.komis[row]))

    def some(self, rows: slice) -> list[Position]:
        """Return some of the positions; the move that follows is not told."""
        boards = [self.board(row) for row in range(len(self))[rows]]
        return [
            Position(board=board, number=moves + 1, to_play=color, played=None)
            for board, moves, color in zip(
                boards, self.moves[rows].tolist(), self.colors(rows), strict=True
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeFigures:
    """How good forecasts are over some positions."""

    positions: int
    log_loss: float
    log_loss_interval: tuple[float, float] | None
    brier: float
    winners_named: float
    """Share of the positions in which the winner has the higher win rate; 50 % counts half."""
    score_error: float | None
    """Points, over the positions whose score is known; None if there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeReport:
    """Figures of one evaluation of win rates and scores, by who gave them."""

    games: int
    positions: int
    by_move: list[dict[str, Any]]
    """For each number of ``moves`` played `OutcomeFigures` by name, the ``network`` first."""
    all_moves: dict[str, Any]
    """The same over all positions."""
    calibration: list[dict[str, Any]]
    """The network's win rates for Black in bins, and how often Black won."""
    calibration_error: float
    seconds: float
    protocol: str = PROTOCOL


def ended_positions(table: GameTable, games: Int64Array) -> EndedPositions:
    """Return the positions of games that count; see `PROTOCOL`."""
    told = (table.winner[games] != 0) & ~np.isnan(table.komi[games])
    rows = []
    for game in games[told].tolist():
        events = table.game_events(game)
        moves = np.flatnonzero(events & EVENT_SETUP == 0)
        for stage in (stage for stage in STAGES if stage < len(moves)):
            if events[moves[stage]] & EVENT_POINT_MASK != EVENT_NO_POINT:
                rows.append((game, stage, moves[stage]))
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    return EndedPositions(table, *columns)


def ask_network(
    ask: Ask, positions: EndedPositions, *, batch_size: int = 256, progress: Progress = SILENT
) -> Forecasts:
    """Return what a network says of positions; ConfigError where it has learned moves alone."""
    found: list[EndForecast] = []
    progress.start("win rates", len(positions), "positions")
    try:
        for first in range(0, len(positions), batch_size):
            asked = positions.some(slice(first, first + batch_size))
            for said in ask(asked):
                if said is None:
                    raise ConfigError("the network does not say how games end")
                found.append(said)
            progress.advance(len(asked))
    finally:
        progress.finish()
    return Forecasts(
        np.array([each.black_wins for each in found]), np.array([each.lead for each in found])
    )


def ask_playouts(
    estimate: Callable[[Board, Color], EndForecast],
    positions: EndedPositions,
    progress: Progress = SILENT,
) -> Forecasts:
    """Return what playouts say of positions; estimate gets boards and who is to move there."""
    black_wins, leads = np.empty(len(positions)), np.empty(len(positions))
    colors = positions.colors(slice(None))
    progress.start("playouts", len(positions), "positions")
    try:
        for row, color in enumerate(colors):
            verdict = estimate(positions.board(row), color)
            count = verdict.playouts
            black_wins[row] = (verdict.black_wins * count + 0.5) / (count + 1)
            leads[row] = verdict.lead
            progress.advance(1)
    finally:
        progress.finish()
    return Forecasts(black_wins, leads)


def fitted_forecasts(forecasts: Forecasts, positions: EndedPositions) -> Forecasts:
    """Return win rates fitted to the leads of forecasts, each on the other half of the games.

    Games with the same opening are in the same half.
    """
    half = positions.table.split_key[positions.games] & 1
    won = positions.black_won
    black_wins = np.full(len(positions), 0.5)
    for stage in np.unique(positions.moves):
        for side in (0, 1):
            here = positions.moves == stage
            learned, asked = here & (half != side), here & (half == side)
            if learned.any():
                scale = max(float(np.abs(forecasts.leads[learned]).mean()), 1.0)
                slope, shift = fit_logistic(forecasts.leads[learned] / scale, won[learned])
                black_wins[asked] = _logistic(slope * forecasts.leads[asked] / scale + shift)
    return Forecasts(black_wins, np.full(len(positions), np.nan))


def fit_logistic(x: npt.NDArray[np.float64], won: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and shift of the logistic regression of won [P] on x [P], by Newton's method.

    A small pull to zero keeps it finite where x tells all, or nothing.
    """
    inputs = np.stack([x, np.ones_like(x)], 1)
    weights = np.zeros(2)
    for _ in range(50):
        share = _logistic(inputs @ weights)
        curve = (inputs * (share * (1 - share))[:, None]).T @ inputs + _RIDGE * np.eye(2)
        weights += np.linalg.solve(curve, inputs.T @ (won - share) - _RIDGE * weights)
    return float(weights[0]), float(weights[1])


def summarize_outcomes(
    positions: EndedPositions, said: Mapping[str, Forecasts], seconds: float
) -> OutcomeReport:
    """Turn forecasts, the network's first, into figures."""

    def figures(here: npt.NDArray[np.bool_]) -> dict[str, Any]:
        return {name: asdict(figures_where(positions, each, here)) for name, each in said.items()}

    stages = np.unique(positions.moves).tolist()
    rows, error = win_rate_calibration(next(iter(said.values())).black_wins, positions.black_won)
    return OutcomeReport(
        games=len(np.unique(positions.games)),
        positions=len(positions),
        by_move=[{"moves": stage, **figures(positions.moves == stage)} for stage in stages],
        all_moves=figures(np.ones(len(positions), np.bool_)),
        calibration=rows,
        calibration_error=error,
        seconds=seconds,
    )


def figures_where(
    positions: EndedPositions, said: Forecasts, here: npt.NDArray[np.bool_]
) -> OutcomeFigures:
    """Return how good forecasts are where here [P] is set."""
    won, win_rates = positions.black_won[here], said.black_wins[here]
    share = np.clip(np.where(won, win_rates, 1 - win_rates), _SURE, 1 - _SURE)
    nats = -np.log(share)
    places = np.unique(positions.games[here], return_inverse=True)[1]
    errors = np.abs(said.leads - positions.leads)[here]
    errors = errors[~np.isnan(errors)]
    return OutcomeFigures(
        positions=int(here.sum()),
        log_loss=float(nats.mean()),
        log_loss_interval=interval(np.bincount(places, nats), np.bincount(places)),
        brier=float(((win_rates - won) ** 2).mean()),
        winners_named=float(((share > 0.5) + 0.5 * (share == 0.5)).mean()),
        score_error=float(errors.mean()) if len(errors) else None,
    )


def win_rate_calibration(
    win_rates: npt.NDArray[np.float64], won: npt.NDArray[np.bool_]
) -> tuple[list[dict[str, Any]], float]:
    """Return per bin how often Black won, and the expected calibration error."""
    bins = np.minimum((win_rates * BINS).astype(np.int64), BINS - 1)
    rows, error = [], 0.0
    for b in np.unique(bins).tolist():
        inside = bins == b
        said, was = float(win_rates[inside].mean()), float(won[inside].mean())
        error += float(inside.mean()) * abs(said - was)
        edges = {"from": b / BINS, "to": (b + 1) / BINS}
        rows.append({**edges, "positions": int(inside.sum()), "said": said, "won": was})
    return rows, error


def _logistic(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 1 / (1 + np.exp(-np.clip(x, -50, 50)))
