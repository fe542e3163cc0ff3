"""All commands of the engine, gathered from the modules of each theme."""

from gopolicy.gtp.commands_analysis import analysis_commands
from gopolicy.gtp.commands_files import GameFiles, file_commands
from gopolicy.gtp.commands_gogui import gogui_commands
from gopolicy.gtp.commands_kata import kata_commands
from gopolicy.gtp.commands_play import play_commands
from gopolicy.gtp.commands_servers import server_commands
from gopolicy.gtp.commands_setup import setup_commands
from gopolicy.gtp.commands_time import time_commands
from gopolicy.gtp.protocol import Handler, administrative_commands
from gopolicy.gtp.session import Session

UNLISTED = frozenset({"kgs-chat"})
"""Answered, but not advertised: some bridges fail when they see them listed."""


def all_commands(session: Session, files: GameFiles, name: str, version: str) -> dict[str, Handler]:
    """Return the table of commands that work on session."""
    commands: dict[str, Handler] = {}
    administrative_commands(commands, name, version, UNLISTED)
    for theme in (
        setup_commands(session),
        play_commands(session),
        time_commands(session),
        file_commands(session, files),
        analysis_commands(session),
        kata_commands(session),
        gogui_commands(session),
        server_commands(session),
    ):
        commands |= theme
    return commands
