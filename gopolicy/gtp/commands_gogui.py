"""Commands of GoGui: pictures of what the network sees and thinks, rules, setup."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gopolicy.features.encode import Encoder
from gopolicy.features.planes import plane_set
from gopolicy.go.types import PASS, Color, Point
from gopolicy.gtp.candidates import heat_rows
from gopolicy.gtp.commands_files import set_stones
from gopolicy.gtp.commands_kata import change_setting, setting_text
from gopolicy.gtp.commands_setup import read_moves
from gopolicy.gtp.protocol import SYNTAX_ERROR, Arguments, GtpError, Handler, expect_count
from gopolicy.gtp.session import Session

_PLANES = "alphago48"
_LABELS = 20

_ANALYZE_COMMANDS = (
    "gfx/Policy/gopolicy-policy",
    "dboard/Policy numbers/gopolicy-policy_numbers",
    "gfx/Ladders/gopolicy-ladders",
    "sboard/Plane/gopolicy-plane %s",
    "hstring/Names of planes/gopolicy-plane_names",
    "dboard/Ownership/gopolicy-ownership",
    "plist/Dead stones/final_status_list dead",
    "plist/Legal moves/gogui-rules_legal_moves",
    "string/Score/final_score",
    "string/About the last move/gomill-explain_last_move",
    "param/Player/gopolicy-param",
)


def gogui_commands(session: Session) -> dict[str, Handler]:
    """Return the commands."""
    return {
        "gogui-analyze_commands": lambda arguments: "\n".join(_ANALYZE_COMMANDS),
        "gogui-interrupt": lambda arguments: "",
        "gogui-title": lambda arguments: session.bot.describe(),
        **_picture_commands(session),
        **_rule_commands(session),
        **_setup_commands(session),
    }


def _picture_commands(session: Session) -> dict[str, Handler]:
    def policy(arguments: Arguments) -> str:
        prior_a = _legal_priors(session)
        best = np.argsort(-prior_a, kind="stable")[:_LABELS]
        return "\n".join(_heat_marks(session, prior_a, best[prior_a[best] > 0]))

    def policy_numbers(arguments: Arguments) -> str:
        return "\n" + "\n".join(heat_rows(_legal_priors(session), session.size, ".4f"))

    def ladders(arguments: Arguments) -> str:
        planes = _planes(session)
        names = _plane_names()
        marks = (("ladder capture", "SQUARE"), ("ladder escape", "TRIANGLE"))
        lines = []
        for group, mark in marks:
            points = planes[names.index(group)].ravel().nonzero()[0]
            lines += [f"{mark} {session.vertex(int(point))}" for point in points]
        return "\n".join([*lines, "TEXT squares capture in a ladder, triangles escape from one"])

    def plane(arguments: Arguments) -> str:
        name = " ".join(arguments)
        names = _plane_names()
        if name not in names and not (name.isdecimal() and int(name) < len(names)):
            raise GtpError("unknown plane")
        index = int(name) if name.isdecimal() else names.index(name)
        return "\n" + "\n".join(heat_rows(_planes(session)[index].ravel(), session.size, "d"))

    def ownership(arguments: Arguments) -> str:
        session.think_about(session.size)
        owners = session.bot.outlook(session.board, session.board.to_move).ownership
        return "\n" + "\n".join(heat_rows(owners, session.size, ".2f"))

    def param(arguments: Arguments) -> str:
        return _parameters(session, arguments)

    return {
        "gopolicy-policy": policy,
        "gopolicy-policy_numbers": policy_numbers,
        "gopolicy-ladders": ladders,
        "gopolicy-plane": plane,
        "gopolicy-plane_names": lambda arguments: "\n".join(
            f"{index} {name}" for index, name in enumerate(_plane_names())
        ),
        "gopolicy-ownership": ownership,
        "gopolicy-param": param,
    }


def _legal_priors(session: Session) -> NDArray[np.float32]:
    """Return the probabilities of the side to move, 0 where it may not play."""
    session.think_about(session.size)
    board = session.board
    prior_a = session.bot.probabilities([board], [board.to_move])[0]
    priors: NDArray[np.float32] = np.where(board.legal_mask(), prior_a, np.float32(0))
    return priors


def _heat_marks(
    session: Session, prior_a: NDArray[np.float32], points: NDArray[np.intp]
) -> list[str]:
    if not len(points):
        return ["TEXT no legal move"]
    lines = []
    for point in points:
        vertex, share = session.vertex(int(point)), float(prior_a[point])
        pale = round(255 - 215 * (share / float(prior_a[points[0]])) ** 0.5)
        lines.append(f"COLOR #ff{pale:02x}{pale:02x} {vertex}")
        if share >= 0.005:
            lines.append(f"LABEL {vertex} {100 * share:.0f}")
    best = session.vertex(int(points[0]))
    return [*lines, f"TEXT {best} {100 * float(prior_a[points[0]]):.1f} %"]


@lru_cache(maxsize=4)
def _encoder(size: int) -> Encoder:
    return Encoder(_PLANES, size)


def _planes(session: Session) -> NDArray[np.int8]:
    return _encoder(session.size).board(session.board.arrays, int(session.board.to_move))


def _plane_names() -> list[str]:
    """Return the name of every plane: its group, with a number where the group has several."""
    return [
        group.name if group.count == 1 else f"{group.name} {number}"
        for group in plane_set(_PLANES).groups
        for number in range(1, group.count + 1)
    ]


def _parameters(session: Session, arguments: Arguments) -> str:
    if arguments:
        return change_setting(session, "gopolicy-param", arguments)
    lines = []
    for name, value in session.bot.settings().items():
        kind = "bool" if isinstance(value, bool) else "string"
        shown = str(int(value)) if isinstance(value, bool) else setting_text(value)
        lines.append(f"[{kind}] {name} {shown}")
    return "\n".join(lines)


def _rule_commands(session: Session) -> dict[str, Handler]:
    def board(arguments: Arguments) -> str:
        rows = session.board.stones
        return "\n" + "\n".join(" ".join(".XO"[stone] for stone in row) for row in rows)

    def legal_moves(arguments: Arguments) -> str:
        points = session.board.legal_mask().nonzero()[0].tolist()
        return session.vertices([*points, PASS])

    def final_result(arguments: Arguments) -> str:
        return session.score() if session.board.passes >= 2 else ""

    return {
        "gogui-rules_game_id": lambda arguments: "Go",
        "gogui-rules_board": board,
        "gogui-rules_board_size": lambda arguments: str(session.size),
        "gogui-rules_legal_moves": legal_moves,
        "gogui-rules_side_to_move": lambda arguments: session.board.to_move.name.lower(),
        "gogui-rules_final_result": final_result,
    }


def _setup_commands(session: Session) -> dict[str, Handler]:
    def setup(arguments: Arguments) -> str:
        if len(arguments) % 2:
            raise GtpError(SYNTAX_ERROR)
        stones: dict[Color, list[Point]] = {color: [] for color in Color}
        for name, vertex in zip(arguments[::2], arguments[1::2], strict=True):
            empty = name.lower() in ("e", "empty")
            color = Color.EMPTY if empty else session.color(name)
            point = session.point(vertex)
            if point == PASS:
                raise GtpError(SYNTAX_ERROR)
            stones[color].append(point)
        session.set_up(lambda board: set_stones(board, stones))
        return ""

    def setup_player(arguments: Arguments) -> str:
        expect_count(arguments, 1)
        color = session.color(arguments[0])
        session.set_up(lambda board: board.setup(to_move=color))
        return ""

    def play_sequence(arguments: Arguments) -> str:
        moves = read_moves(session, arguments)
        played = 0
        try:
            for color, point in moves:
                session.play(point, color)
                played += 1
        except GtpError:
            session.undo(played)
            raise
        return ""

    return {
        "gogui-setup": setup,
        "gogui-setup_player": setup_player,
        "gogui-play_sequence": play_sequence,
    }
