"""Analysis commands: what the network thinks, while it is asked and when it moves."""

import json
import math
from collections.abc import Callable, Iterator

from gopolicy.go.types import PASS, Color, Point
from gopolicy.gtp.candidates import (
    Analysis,
    Dialect,
    Wishes,
    cgos_report,
    kata_line,
    leela_line,
    report,
    report_once,
)
from gopolicy.gtp.protocol import (
    SYNTAX_ERROR,
    Arguments,
    GtpError,
    Handler,
    ReplyStream,
    boolean,
    integer,
)
from gopolicy.gtp.session import Session

_SHORTEST_INTERVAL = 0.05
_DEEPENING = 0.2
"""Seconds spent on variations when a move is generated."""
_EXTRAS = {"ownership": "ownership", "rootInfo": "root", "pvVisits": "pv_visits"}
_IGNORED = ("ownershipStdev", "movesOwnership", "movesOwnershipStdev", "pvEdgeVisits")
"""Extras of KataGo that are accepted and not given."""


def analysis_commands(session: Session) -> dict[str, Handler]:
    """Return the analysis commands in every dialect."""

    def analyze(dialect: Dialect) -> Handler:
        def handler(arguments: Arguments) -> ReplyStream:
            analysis = _begin(session, read_wishes(session, arguments))
            return ReplyStream(lambda wait: report(analysis, dialect, wait))

        return handler

    def with_move(dialect: Dialect, *, play: bool = True) -> Handler:
        def handler(arguments: Arguments) -> ReplyStream:
            wishes = read_wishes(session, arguments)
            return _move_with_report(session, wishes, dialect, play=play)

        return handler

    return {
        "lz-analyze": analyze(leela_line),
        "kata-analyze": analyze(kata_line),
        "lz-genmove_analyze": with_move(leela_line),
        "kata-genmove_analyze": with_move(kata_line),
        "kata-search_analyze": with_move(kata_line, play=False),
        "kata-search_analyze_cancellable": with_move(kata_line, play=False),
        "cgos-genmove_analyze": with_move(_cgos_line),
        "cgos-analyze": analyze(_cgos_line),
    }


def _begin(session: Session, wishes: Wishes) -> Analysis:
    session.think_about(session.size)
    return Analysis(session.board_by_area(wishes.color), wishes, session.bot, session.rules)


def _move_with_report(
    session: Session, wishes: Wishes, dialect: Dialect, *, play: bool
) -> ReplyStream:
    """Choose a move, and play it if told so; reply with a report and the move."""
    allowance = session.clock.allowance(wishes.color)
    seconds = min(_DEEPENING, wishes.interval, math.inf if allowance is None else allowance)
    analysis = _begin(session, wishes)
    if wishes.allowed is not None or wishes.avoided:
        vertex = _permitted(session, analysis, play=play)
    else:
        vertex = (session.generate if play else session.consider)(wishes.color)

    def lines(wait: Callable[[float], bool]) -> Iterator[str]:
        yield from report_once(analysis, dialect, seconds)
        yield f"play {vertex}"

    return ReplyStream(lines)


def _permitted(session: Session, analysis: Analysis, *, play: bool) -> str:
    """Return the most probable of the moves that are permitted, a pass where none is."""
    candidates = analysis.candidates
    point = candidates[0].point if candidates else PASS
    if play:
        session.play(point, analysis.wishes.color)
    return session.vertex(point)


def _cgos_line(analysis: Analysis) -> str:
    """Return the report that the CGOS client passes on."""
    return json.dumps(cgos_report(analysis), separators=(",", ":"))


def read_wishes(session: Session, arguments: Arguments) -> Wishes:
    """Return what ``[color] [interval] {key value}`` ask for; refuse what is not understood."""
    words = list(arguments)
    color = session.board.to_move
    if words and words[0].lower() in ("b", "w", "black", "white"):
        color = session.color(words.pop(0))
    found: dict[str, object] = {"color": color}
    if words and words[0].isdecimal():
        found["interval"] = _interval(words.pop(0))
    while words:
        _read_wish(session, color, words, found)
    return Wishes(**found)  # type: ignore[arg-type]


def _read_wish(session: Session, color: Color, words: list[str], found: dict[str, object]) -> None:
    """Take one key and its values from the beginning of words."""
    key = words.pop(0)
    if key in ("avoid", "allow"):
        owner, points = _restriction(session, words)
        name = "avoided" if key == "avoid" else "allowed"
        if owner == color:
            earlier = found.get(name, frozenset())
            found[name] = points | earlier  # type: ignore[operator]
        return
    value = _take(words)
    if key == "interval":
        found["interval"] = _interval(value)
    elif key in ("minmoves", "maxmoves"):
        found[f"{key[:3]}_moves"] = max(integer(value), 0)
    elif key in _EXTRAS:
        found[_EXTRAS[key]] = boolean(value)
    elif key in _IGNORED:
        boolean(value)
    else:
        raise GtpError(SYNTAX_ERROR)


def _restriction(session: Session, words: list[str]) -> tuple[Color, frozenset[Point]]:
    """Take ``color vertex,vertex... depth`` from the beginning of words."""
    owner = session.color(_take(words))
    points = frozenset(session.point(text) for text in _take(words).split(","))
    if integer(_take(words)) < 1:
        raise GtpError(SYNTAX_ERROR)
    return owner, points


def _take(words: list[str]) -> str:
    if not words:
        raise GtpError(SYNTAX_ERROR)
    return words.pop(0)


def _interval(text: str) -> float:
    """Return seconds for an interval in hundredths."""
    return max(integer(text) / 100, _SHORTEST_INTERVAL)
