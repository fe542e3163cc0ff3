"""The README stays true: its commands parse, its paths exist, its table is the real one."""

import doctest
import importlib
import re
import shlex
from argparse import ArgumentParser
from pathlib import Path

import pytest
from reference.tool_loader import load_tool

from gopolicy.__main__ import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
SHELL_BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)


def steps(block: str) -> list[str]:
    """Return the commands of a block, one each, without the joints between them."""
    return [step.strip() for step in re.split(r"&&|\n(?=\S)", block) if step.strip()]


ALL_STEPS = [step for block in SHELL_BLOCKS for step in steps(block)]


def test_the_first_command_installs_and_runs_the_demo() -> None:
    assert steps(SHELL_BLOCKS[0]) == [
        "python3 -m venv .venv",
        ". .venv/bin/activate",
        "pip install -c tools/constraints.txt .",
        "gopolicy demo",
    ]


def test_the_test_command_is_what_ci_runs() -> None:
    *_, install, test = steps(SHELL_BLOCKS[-1])
    assert test.startswith("pytest")
    script = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert script.index(install) + 1 == script.index(test)
    assert test in (ROOT / "tools" / "check.sh").read_text("utf-8")


@pytest.mark.parametrize("step", [step for step in ALL_STEPS if step.startswith("gopolicy ")])
def test_every_gopolicy_command_shown_is_one_that_parses(step: str) -> None:
    _, command, *arguments = shlex.split(step.replace("\\\n", " "))
    assert command in COMMANDS
    parser = ArgumentParser(allow_abbrev=False)
    importlib.import_module(f"gopolicy.cli.{command}").add_arguments(parser)
    parser.parse_args(arguments)


def test_every_path_named_exists() -> None:
    named = re.findall(r"`((?:\.ci|gopolicy|tests|tools|weights)/[\w./-]+|LICENSE)`", README)
    assert len(named) > 6
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_map_names_every_folder_of_the_package() -> None:
    folders = {path.parent.name for path in (ROOT / "gopolicy").glob("*/__init__.py")}
    mapped = set(re.findall(r"^  (\w+)/ ", README, re.MULTILINE))
    assert mapped == folders


def test_the_tables_of_planes_are_those_of_the_encoder() -> None:
    assert load_tool("plane_table").tables() in README


def test_the_python_shown_does_what_it_says() -> None:
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert results.attempted > 0
    assert results.failed == 0
