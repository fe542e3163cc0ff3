"""Commands of the bridges to game servers: KGS and CGOS."""

from gopolicy.errors import ConfigError
from gopolicy.go.rules import rules_named
from gopolicy.gtp.protocol import Arguments, GtpError, Handler, expect_count
from gopolicy.gtp.session import Session

_KGS_RULES = ("aga", "chinese", "japanese", "new_zealand")


def server_commands(session: Session) -> dict[str, Handler]:
    """Return the commands."""

    def kgs_rules(arguments: Arguments) -> str:
        expect_count(arguments, 1)
        if arguments[0].lower() not in _KGS_RULES:
            raise GtpError("unknown rules")
        try:
            session.set_rules(rules_named(arguments[0]))
        except ConfigError:
            raise GtpError("unknown rules") from None
        return ""

    def genmove_cleanup(arguments: Arguments) -> str:
        expect_count(arguments, 1)
        return session.generate(session.color(arguments[0]), cleanup=True)

    def chat(arguments: Arguments) -> str:
        if len(arguments) < 3 or arguments[0] not in ("game", "private"):
            raise GtpError("no answer")
        return (
            "I am a policy network: I play the moves that players choose,"
            " without reading ahead. " + session.explanation
        )

    def remember(name: str) -> Handler:
        def handler(arguments: Arguments) -> str:
            session.names[name] = " ".join(arguments)
            return ""

        return handler

    return {
        "kgs-rules": kgs_rules,
        "kgs-genmove_cleanup": genmove_cleanup,
        "kgs-game_over": lambda arguments: "",
        "kgs-chat": chat,
        "cgos-opponent_name": remember("name"),
        "cgos-opponent_rating": remember("rating"),
        "cgos-gameover": lambda arguments: "",
    }
