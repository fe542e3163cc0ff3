"""The pages of docs/ stay true: their commands parse, their paths exist, their Python runs."""

import argparse
import doctest
import importlib
import re
from pathlib import Path

import pytest
from reference.shown_commands import gopolicy_commands, parse
from reference.tool_loader import load_tool

import gopolicy
from gopolicy.__main__ import COMMANDS, _command_parser

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
GUIDES = sorted([*DOCS.glob("*.md"), ROOT / "CONTRIBUTING.md"])
PAGES = {path.name: path.read_text("utf-8") for path in GUIDES}
SHOWN = {step: name for name, page in PAGES.items() for step in gopolicy_commands(page)}
PATHS = re.compile(r"`((?:\.ci|docs|examples|gopolicy|tests|tools|weights)/[\w./-]+)`")
MODULES = re.findall(r"^::: ([\w.]+)$", PAGES["reference.md"], re.MULTILINE)


def test_the_pages_show_commands_at_all() -> None:
    assert len(SHOWN) > 30


@pytest.mark.parametrize("step", SHOWN)
def test_every_gopolicy_command_shown_is_one_that_parses(step: str) -> None:
    parse(step)


@pytest.mark.parametrize("name", PAGES)
def test_every_path_named_exists(name: str) -> None:
    named = [path for path in PATHS.findall(PAGES[name]) if "NAME" not in path]
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if ">>>" in page])
def test_the_python_shown_does_what_it_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what it writes does not stay
    results = doctest.testfile(str(DOCS / name), module_relative=False)
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("module", MODULES)
def test_the_reference_names_modules_that_exist(module: str) -> None:
    path = ROOT.joinpath(*module.split("."))
    assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def test_the_reference_lists_the_names_of_the_front_door() -> None:
    front = PAGES["reference.md"].split("\n## ")[1]
    listed = set(re.findall(r"`(\w+)`", front))
    assert set(gopolicy.__all__) - {"__version__"} <= listed


def test_the_tables_of_planes_are_those_of_the_encoder() -> None:
    assert load_tool("plane_table").tables() in PAGES["planes.md"]


def test_every_command_and_action_has_its_help_on_the_page_of_commands() -> None:
    wanted = {"gopolicy --help"}
    for name in COMMANDS:
        parser = _command_parser(name, importlib.import_module(f"gopolicy.cli.{name}"))
        below = [a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        actions = ["", *(f" {action}" for choices in below for action in choices)]
        wanted |= {f"gopolicy {name}{action} --help" for action in actions}
    tool = load_tool("command_pages")
    page = PAGES["commands.md"]
    assert {line[0].strip("`") for line in tool.ASKED.finditer(page)} == wanted
    assert "usage: gopolicy COMMAND" in tool.on_page_markdown("`gopolicy --help`")
    assert tool.on_page_markdown("Run `gopolicy --help`.") == "Run `gopolicy --help`."


def test_every_page_is_in_the_navigation() -> None:
    site = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert [path.name for path in DOCS.glob("*.md") if f": {path.name}\n" not in site] == []


ITEMS = re.findall(r"^\d\. (?:.+\n(?:   .+\n)*)", PAGES["extending.md"], re.MULTILINE)


@pytest.mark.parametrize("item", [item for item in ITEMS if re.search(r"`[A-Za-z_]+`", item)])
def test_the_names_in_a_recipe_are_in_the_files_it_names(item: str) -> None:
    files = [path for path in PATHS.findall(item) if path.endswith(".py") and "NAME" not in path]
    text = "".join((ROOT / path).read_text("utf-8") for path in files)
    names = [name for name in re.findall(r"`([A-Za-z_]+)`", item) if name != "NAME"]
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []
