"""A bot that is still getting ready: whoever asks it something waits."""

from typing import Any, cast

from gopolicy.gtp.background import Background
from gopolicy.gtp.protocol import GtpError
from gopolicy.play.any_bot import AnyBot


def late_bot(late: Background[Any]) -> AnyBot:
    """Return what passes every question on once the bot is there; GtpError if it never is."""
    return cast(AnyBot, _LateBot(late))


class _LateBot:
    def __init__(self, late: Background[Any]) -> None:
        self._late = late

    def __getattr__(self, name: str) -> Any:
        try:
            bot = self._late.get()
        except Exception as error:
            raise GtpError(loading_error(error)) from error
        return getattr(bot, name)


def loading_error(error: Exception) -> str:
    """Return in one line why there is no network."""
    return " ".join(f"cannot load the network: {str(error) or type(error).__name__}".split())
