"""The README stays true: its commands parse, its paths and links exist, its Python runs."""

import doctest
import re
from pathlib import Path

import pytest
from reference.shown_commands import gopolicy_commands, parse, shell_blocks, steps

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
SHELL_BLOCKS = shell_blocks(README)
FOLDERS = r"\.ci|docs|examples|gopolicy|tests|tools|weights"


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
    assert script[script.index(install) + 1].startswith(test)
    assert test in (ROOT / "tools" / "check.sh").read_text("utf-8")


@pytest.mark.parametrize("step", gopolicy_commands(README))
def test_every_gopolicy_command_shown_is_one_that_parses(step: str) -> None:
    parse(step)


def test_every_path_named_exists() -> None:
    named = re.findall(rf"`((?:{FOLDERS})/[\w./-]+|[A-Z]+(?:\.md)?)`", README)
    assert len(named) > 6
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_link_leads_to_a_page() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len(links) > 6
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_the_map_names_every_folder_of_the_package() -> None:
    folders = {path.parent.name for path in (ROOT / "gopolicy").glob("*/__init__.py")}
    mapped = set(re.findall(r"^  (\w+)/ ", README, re.MULTILINE))
    assert mapped == folders


def test_the_python_shown_does_what_it_says() -> None:
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert results.attempted > 0
    assert results.failed == 0
