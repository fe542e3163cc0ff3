"""Commands that set the board up and play moves from a record."""

from collections.abc import Callable, Iterable

from gopolicy.errors import ConfigError
from gopolicy.go.handicap import fixed_handicap, free_handicap
from gopolicy.go.types import PASS, Color, Point
from gopolicy.gtp.protocol import (
    SYNTAX_ERROR,
    Arguments,
    GtpError,
    Handler,
    expect_count,
    integer,
    real_number,
)
from gopolicy.gtp.session import Session


def setup_commands(session: Session) -> dict[str, Handler]:
    """Return the commands that change the position."""

    def boardsize(arguments: Arguments) -> str:
        expect_count(arguments, 1, 2)
        sides = {integer(text) for text in arguments}
        if len(sides) != 1:
            raise GtpError("unacceptable size")
        session.resize(sides.pop())
        return ""

    def clear_board(arguments: Arguments) -> str:
        expect_count(arguments, 0)
        session.clear()
        return ""

    def komi(arguments: Arguments) -> str:
        expect_count(arguments, 1)
        session.set_komi(real_number(arguments[0]))
        return ""

    def get_komi(arguments: Arguments) -> str:
        expect_count(arguments, 0)
        return f"{session.komi:.10g}"

    def play(arguments: Arguments) -> str:
        expect_count(arguments, 2)
        color, point = session.move(*arguments)
        session.play(point, color)
        return ""

    def undo(arguments: Arguments) -> str:
        expect_count(arguments, 0, 1)
        session.undo(integer(arguments[0]) if arguments else 1)
        return ""

    return {
        "boardsize": boardsize,
        "rectangular_boardsize": boardsize,
        "clear_board": clear_board,
        "komi": komi,
        "get_komi": get_komi,
        **_handicap_commands(session),
        "play": play,
        "undo": undo,
        "gg-undo": undo,
        "showboard": lambda arguments: show(session),
    }


def _handicap_commands(session: Session) -> dict[str, Handler]:
    def fixed(arguments: Arguments) -> str:
        return _place(session, arguments, fixed_handicap)

    def free(arguments: Arguments) -> str:
        return _place(session, arguments, free_handicap)

    def set_free(arguments: Arguments) -> str:
        points = [session.point(text) for text in arguments]
        largest = session.size**2 - 1
        if not 2 <= len(points) <= largest or PASS in points or len(set(points)) < len(points):
            raise GtpError("bad vertex list")
        _put_handicap(session, points)
        return ""

    return {
        "fixed_handicap": fixed,
        "place_free_handicap": free,
        "set_free_handicap": set_free,
    }


def show(session: Session) -> str:
    """Return the board as text, beginning on a new line."""
    board = session.board
    captures = board.captures
    bonus = f" and {session.bonus} for handicap stones" if session.bonus else ""
    return "\n".join(
        [
            "",
            str(board),
            f"{board.to_move.name.capitalize()} to move, {board.ply} moves played,"
            f" komi {session.komi:.10g}{bonus}",
            f"captured by Black {captures[Color.BLACK]}, by White {captures[Color.WHITE]}",
        ]
    )


def _place(
    session: Session, arguments: Arguments, placement: Callable[[int, int], tuple[Point, ...]]
) -> str:
    expect_count(arguments, 1)
    stones = integer(arguments[0])
    try:
        points = placement(session.size, stones)
    except ConfigError:
        raise GtpError("invalid number of stones") from None
    if len(points) < 2:
        raise GtpError("invalid number of stones")
    _put_handicap(session, points)
    return session.vertices(points)


def _put_handicap(session: Session, points: Iterable[Point]) -> None:
    if session.board.stones.any():
        raise GtpError("board not empty")
    session.set_up(lambda board: board.set_handicap(points))


def read_moves(session: Session, arguments: Arguments) -> list[tuple[Color, Point]]:
    """Return the moves in arguments such as ``b D4 w Q16``."""
    if len(arguments) % 2:
        raise GtpError(SYNTAX_ERROR)
    pairs = zip(arguments[::2], arguments[1::2], strict=True)
    return [session.move(color, vertex) for color, vertex in pairs]
