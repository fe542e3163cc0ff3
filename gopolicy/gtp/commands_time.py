"""Commands about thinking time, in the words of GTP, KGS and KataGo."""

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

_SYSTEMS = ("none", "absolute", "byoyomi", "canadian", "fischer", "fischer-capped")


def time_commands(session: Session) -> dict[str, Handler]:
    """Return the commands about time."""
    clock = session.clock

    def time_settings(arguments: Arguments) -> str:
        expect_count(arguments, 3)
        main, period = real_number(arguments[0]), real_number(arguments[1])
        clock.set(main, period, integer(arguments[2]))
        return ""

    def time_left(arguments: Arguments) -> str:
        expect_count(arguments, 3)
        color = session.color(arguments[0])
        clock.left[color] = real_number(arguments[1]), integer(arguments[2])
        return ""

    def system(arguments: Arguments) -> str:
        if not arguments or arguments[0] not in _SYSTEMS:
            raise GtpError(SYNTAX_ERROR)
        _set_system(session, arguments[0], [real_number(text) for text in arguments[1:]])
        return ""

    return {
        "time_settings": time_settings,
        "time_left": time_left,
        "kgs-time_settings": system,
        "kata-time_settings": system,
        "kata-list_time_settings": lambda arguments: " ".join(_SYSTEMS),
    }


def _set_system(session: Session, name: str, values: list[float]) -> None:
    """Set the clock to a time system; what follows its name is in seconds, but for stones."""
    expected = {"none": 0, "absolute": 1, "byoyomi": 3, "canadian": 3, "fischer": 2}
    if len(values) != expected.get(name, 4):
        raise GtpError(SYNTAX_ERROR)
    if name == "none":
        session.clock.lift()
    elif name == "absolute":
        session.clock.set(values[0], 0, 0)
    elif name == "byoyomi":
        session.clock.set(values[0], values[1], 1)
    elif name == "canadian":
        session.clock.set(values[0], values[1], round(values[2]))
    else:
        session.clock.set(values[0], values[1], 1)
