"""Commands that make the engine think: moves, and the end of a game."""

import time

from gopolicy.gtp.protocol import SYNTAX_ERROR, Arguments, GtpError, Handler, expect_count
from gopolicy.gtp.session import Session


def play_commands(session: Session) -> dict[str, Handler]:
    """Return the commands that generate moves and count."""

    def genmove(arguments: Arguments) -> str:
        expect_count(arguments, 1)
        return session.generate(session.color(arguments[0]))

    def reg_genmove(arguments: Arguments) -> str:
        expect_count(arguments, 1)
        return session.consider(session.color(arguments[0]), deterministic=True)

    def final_score(arguments: Arguments) -> str:
        expect_count(arguments, 0)
        return session.score()

    def final_status_list(arguments: Arguments) -> str:
        expect_count(arguments, 1)
        if arguments[0] not in ("alive", "dead", "seki"):
            raise GtpError(SYNTAX_ERROR)
        return "\n".join(map(session.vertices, session.chains()[arguments[0]]))

    def cpu_time(arguments: Arguments) -> str:
        return f"{time.process_time():.4f}"

    return {
        "genmove": genmove,
        "reg_genmove": reg_genmove,
        "final_score": final_score,
        "final_status_list": final_status_list,
        "cputime": cpu_time,
        "gomill-cpu_time": cpu_time,
        "gomill-explain_last_move": lambda arguments: session.explanation,
        "gomill-describe_engine": lambda arguments: session.bot.describe(),
        "clear_cache": lambda arguments: "",
        "stop": lambda arguments: "",
    }
