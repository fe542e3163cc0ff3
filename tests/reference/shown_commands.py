"""The commands that a page of Markdown shows, taken apart."""

import importlib
import re
import shlex
from argparse import ArgumentParser

from gopolicy.__main__ import COMMANDS

FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def shell_blocks(page: str) -> list[str]:
    """Return the blocks of shell commands of a page."""
    return [text for language, text in FENCED.findall(page) if language in ("", "bash")]


def steps(block: str) -> list[str]:
    """Return the commands of a block, one each, without the joints between them."""
    return [step.strip() for step in re.split(r"&&|\n(?=\S)", block) if step.strip()]


def gopolicy_commands(page: str) -> list[str]:
    """Return the commands of gopolicy that a page shows in blocks."""
    shown = [step for block in shell_blocks(page) for step in steps(block)]
    return [step for step in shown if step.startswith("gopolicy ")]


def parse(step: str) -> None:
    """Parse a command as gopolicy would; SystemExit where it would refuse."""
    _, command, *arguments = shlex.split(step.replace("\\\n", " "))
    if command.startswith("-"):
        return
    assert command in COMMANDS
    parser = ArgumentParser(allow_abbrev=False)
    importlib.import_module(f"gopolicy.cli.{command}").add_arguments(parser)
    parser.parse_args(arguments)
