"""The page about frontends stays true: its commands parse, its picture and its commands exist."""

import re
import shlex
from argparse import ArgumentParser
from pathlib import Path

import pytest
from PIL import Image
from reference.fake_bot import Desk

from gopolicy.cli import gtp, match

FOLDER = Path(__file__).parents[2] / "docs"
PAGE = (FOLDER / "frontends.md").read_text("utf-8")
ENGINES = sorted(set(re.findall(r"gopolicy gtp((?: --[^`\n\"]+)?)(?=[`\n\"])", PAGE)))
OPTIONS = re.findall(r"^\| (`--.*?) \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("arguments", [*ENGINES, *(re.sub("[`,]", "", row) for row in OPTIONS)])
def test_every_command_line_of_the_engine_parses(arguments: str) -> None:
    parser = ArgumentParser(allow_abbrev=False)
    gtp.add_arguments(parser)
    parser.parse_args(shlex.split(arguments.replace("kgs.log", "/tmp/kgs.log")))


def test_the_page_shows_command_lines_at_all() -> None:
    assert len(ENGINES) > 2
    assert len(OPTIONS) > 8


def test_every_match_parses() -> None:
    parser = ArgumentParser(allow_abbrev=False)
    match.add_arguments(parser)
    for arguments in re.findall(r"^gopolicy match (.*)$", PAGE.replace("\\\n", ""), re.MULTILINE):
        parser.parse_args(shlex.split(arguments))


def test_the_picture_is_there() -> None:
    names = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE)
    assert names
    for name in names:
        with Image.open(FOLDER / name) as picture:
            assert picture.size > (400, 400)


def test_every_protocol_command_named_is_known() -> None:
    pattern = r"`((?:kata|lz|kgs|cgos|gogui|gopolicy)-[a-z_-]+)[^`]*`"
    named = set(re.findall(pattern, PAGE)) - {"gogui-twogtp"}
    assert len(named) > 5
    assert named - set(Desk().engine.commands) == set()
