"""From archive members to the columns of a table: what one worker process does.

Every game either becomes one row or one `Rejection`; none disappears.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gopolicy.data.position_kernels import canonical_opening, count_positions
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.table import COLUMNS, UNKNOWN_RANK
from gopolicy.go.kernels import KO, OCCUPIED, SUICIDE, check, event_color, event_point, new_board
from gopolicy.go.kernels import replay as replay_events
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import EVENT_NO_POINT, EVENT_POINT_MASK, EVENT_SETUP, Color
from gopolicy.go.vertex import vertex_name
from gopolicy.sgf.numerals import plain
from gopolicy.sgf.ranks import parse_rank, rank_name
from gopolicy.sgf.read import parse_games
from gopolicy.sgf.record import ILLEGAL_MOVE, OTHER_SIZE, GameRecord, Rejection

NO_MOVES = "no moves"
TOO_SHORT = "too short"
RANK = "rank"
HANDICAP = "handicap"
DUPLICATE = "duplicate"

OPENING_EVENTS = 60  # games alike up to here are the same game for the split
BOTH_COLORS = 3

_NUMBER_ENDS = r"(?![\da-z])"
_DATE = re.compile(
    rf"(?<!\d)(\d{{4}})(?!\d)(?:\s*[-/.年]\s*(\d{{1,2}}){_NUMBER_ENDS}"
    rf"(?:\s*[-/.月]\s*(\d{{1,2}}){_NUMBER_ENDS})?)?"
)
_COMPACT_DATE = re.compile(r"(?<!\d)(\d{4})(\d\d)(\d\d)(?!\d)")
_REASONS = {OCCUPIED: "the point is occupied", KO: "it retakes a ko", SUICIDE: "it is suicide"}

Row = tuple[float, ...]


class Member(NamedTuple):
    """One file of an archive, not yet read."""

    name: str
    data: bytes
    source: int


@dataclass(slots=True)
class Rows:
    """Accepted games in reading order, as lists that end up in the columns of a `GameTable`."""

    names: list[str] = field(default_factory=list)
    events: list[npt.NDArray[np.uint16]] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    identities: list[bytes] = field(default_factory=list)
    """16 bytes that are equal for equal games."""
    openings: list[bytes] = field(default_factory=list)
    """16 bytes that are equal for games with equal openings, turned or mirrored ones too."""
    placed: list[bool] = field(default_factory=list)
    """Whether the handicap stones were missing and stand on the fixed points."""
    columns: list[Row] = field(default_factory=list)
    """One value per key of `COLUMNS`."""
    rejections: list[Rejection] = field(default_factory=list)
    archive: str = ""
    """The file that the last of these games came from."""


def read_members(members: Sequence[Member | Rejection], options: PrepareOptions) -> Rows:
    """Parse, filter and check the games of members; rejections pass through."""
    rows = Rows()
    checker = GameChecker(options)
    for member in members:
        if isinstance(member, Rejection):
            rows.rejections.append(member)
            continue
        rows.archive = member.name.partition("!")[0].rpartition("/")[2]
        for game in parse_games(member.data, member.name):
            if isinstance(game, Rejection):
                rows.rejections.append(game)
            elif (problem := checker.refuse(game)) is not None:
                rows.rejections.append(problem)
            else:
                checker.add(rows, game, member.source)
    return rows


class GameChecker:
    """Applies one set of options to records."""

    def __init__(self, options: PrepareOptions) -> None:
        self.options = options
        self._symmetries = np.array(symmetry_table(options.size))

    def refuse(self, game: GameRecord) -> Rejection | None:
        """Return why the game is left out, or None if it is not."""
        for test in (self._size, self._length, self._handicap, self._rank, self._legality):
            problem = test(game)
            if problem is not None:
                reason, detail = problem
                return Rejection(name=game.name, reason=reason, detail=detail)
        return None

    def add(self, rows: Rows, game: GameRecord, source: int) -> None:
        """Append a game that was not refused."""
        counted = self._counted(game)
        opening = self.opening(game.events)
        values = {
            "counted": counted,
            "black_rank": _stored_rank(game.black_rank),
            "white_rank": _stored_rank(game.white_rank),
            "handicap": min(max(game.handicap, 0), 999),
            "komi": float("nan") if game.komi is None else game.komi,
            "date": parse_date(game.date),
            "winner": int(game.winner or Color.EMPTY),
            "source": source,
            "split_key": int.from_bytes(opening[:4], "big"),
        }
        rows.names.append(game.name)
        rows.events.append(game.events)
        rows.positions.append(count_positions(game.events, counted))
        rows.identities.append(identity(game.size, game.events))
        rows.openings.append(opening)
        rows.placed.append(game.handicap_placed)
        rows.columns.append(tuple(values[name] for name in COLUMNS))

    def _size(self, game: GameRecord) -> tuple[str, str] | None:
        if game.size == self.options.size:
            return None
        return OTHER_SIZE, f"{game.size}x{game.size}"

    def _length(self, game: GameRecord) -> tuple[str, str] | None:
        moves = count_positions(game.events, BOTH_COLORS)
        if moves == 0 and self.options.min_moves:
            return NO_MOVES, "passes only" if game.moves else ""
        if moves < self.options.min_moves:
            return TOO_SHORT, f"{moves} board moves, {self.options.min_moves} wanted"
        return None

    def _handicap(self, game: GameRecord) -> tuple[str, str] | None:
        if self.options.handicap == "any":
            return None
        if game.handicap > 1:
            return HANDICAP, f"{game.handicap} stones"
        return (HANDICAP, "setup stones") if starts_with_stones(game.events) else None

    def _rank(self, game: GameRecord) -> tuple[str, str] | None:
        wanted = self.options.min_rank
        if wanted is None:
            return None
        ranks = f"{game.black_rank or 'unknown'} and {game.white_rank or 'unknown'}"
        counted = self._counted(game)
        if not counted:
            return RANK, f"{ranks}, none is {rank_name(wanted)} or more"
        if not count_positions(game.events, counted):
            return RANK, f"{ranks}, no move by a player of {rank_name(wanted)} or more"
        return None

    def _legality(self, game: GameRecord) -> tuple[str, str] | None:
        board = new_board(game.size)
        at = replay_events(board, game.events, len(game.events))
        if at < 0:
            return None
        event = int(game.events[at])
        point, color = event_point(event), event_color(event)
        if event & EVENT_SETUP:
            return ILLEGAL_MOVE, "setup leaves a chain without liberties"
        number = int(np.count_nonzero(game.events[: at + 1] < EVENT_SETUP))
        if point >= game.size**2:
            return ILLEGAL_MOVE, f"move {number} is off the board"
        why = _REASONS[check(board, point, color, False)]
        stone = "B" if color == Color.BLACK else "W"
        return ILLEGAL_MOVE, f"move {number} ({stone} {vertex_name(point, game.size)}): {why}"

    def _counted(self, game: GameRecord) -> int:
        wanted = self.options.min_rank
        if wanted is None:
            return BOTH_COLORS
        ranks = (_stored_rank(game.black_rank), _stored_rank(game.white_rank))
        return sum(bit for bit, rank in zip((1, 2), ranks, strict=True) if rank >= wanted)

    def opening(self, events: npt.NDArray[np.uint16]) -> bytes:
        """Return what `Rows.openings` has of the events of a game."""
        out = np.empty(min(OPENING_EVENTS, len(events)), np.uint16)
        canonical_opening(events, self._symmetries, out)
        return _digest(bytes([self.options.size]) + out.tobytes())


def starts_with_stones(events: npt.NDArray[np.uint16]) -> bool:
    """Return whether stones are set up before the first move."""
    moves = np.flatnonzero(events < EVENT_SETUP)
    setup = events[: moves[0]] if len(moves) else events
    return bool(np.any(setup & EVENT_POINT_MASK != EVENT_NO_POINT))


def parse_date(text: str) -> int:
    """Return the first date in text as yyyymmdd, 00 for what is missing or impossible; 0 for none.

    >>> parse_date("2006-03-04,05"), parse_date("2011-07"), parse_date("20 Mar 1998")
    (20060304, 20110700, 19980000)
    """
    said = plain(text)
    match = _COMPACT_DATE.search(said) or _DATE.search(said)
    if match is None:
        return 0
    year, month, day = (int(part or 0) for part in match.groups())
    if year == 0:
        return 0
    if not 1 <= month <= 12:
        return year * 10000
    return year * 10000 + month * 100 + (day if day <= monthrange(year, month)[1] else 0)


def count_reasons(rejections: Iterable[Rejection]) -> dict[str, int]:
    """Count rejections by reason, the most frequent first."""
    counts: dict[str, int] = {}
    for rejection in rejections:
        counts[rejection.reason] = counts.get(rejection.reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def count_left_out(rejections: Iterable[Rejection]) -> dict[str, Any]:
    """Return the numbers of games left out: rejected, also by reason, and duplicates."""
    reasons = count_reasons(rejections)
    duplicates = reasons.pop(DUPLICATE, 0)
    return {
        "rejected": sum(reasons.values()),
        "rejected_by_reason": reasons,
        "duplicates": duplicates,
    }


def _stored_rank(text: str) -> int:
    rank = parse_rank(text)
    return UNKNOWN_RANK if rank is None else rank


def identity(size: int, events: npt.NDArray[np.uint16]) -> bytes:
    """Return 16 bytes that are equal for equal games on boards of this size."""
    return _digest(bytes([size]) + events.tobytes())


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()
