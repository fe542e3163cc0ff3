"""For docs/commands.md: put what a command's `--help` prints below the line that names it.

A hook of mkdocs: help is read while the site is built, so the page cannot fall behind it.
"""

import os
import re
import subprocess
import sys
from typing import Any

ASKED = re.compile(r"^`gopolicy( ?[a-z ]*) --help`$", re.MULTILINE)
"""A line that names a command or one of its actions."""
COLUMNS = "100"


def help_of(words: list[str]) -> str:
    """Return what `gopolicy WORDS --help` prints; an error where there is no such command."""
    command = [sys.executable, "-m", "gopolicy", *words, "--help"]
    environment = os.environ | {"COLUMNS": COLUMNS}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return done.stdout.strip()


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page with the help of every command that it asks for."""
    return ASKED.sub(lambda line: f"```text\n{help_of(line[1].split())}\n```", markdown)
