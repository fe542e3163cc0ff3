"""What the help of the commands tells."""

import argparse
import dataclasses
import importlib
import json
import re
from collections.abc import Iterator

import pytest

from gopolicy import __main__ as frame
from gopolicy.nets.network_settings import NETWORK_SETTINGS
from gopolicy.training.config import TrainConfig, from_json
from gopolicy.training.recipes import RECIPES


def helps(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the help of a command and of its actions."""
    yield parser.format_help()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from helps(below)


def help_of(name: str) -> list[str]:
    """Return the texts that a command has."""
    module = importlib.import_module(f"gopolicy.cli.{name}")
    return list(helps(frame._command_parser(name, module)))


@pytest.mark.parametrize("name", frame.COMMANDS)
def test_no_help_sends_its_reader_to_the_source(name: str) -> None:
    for text in help_of(name):
        assert not re.search(r"\.py\b|gopolicy/\w+|gopolicy\.\w+\.", text)


def test_actions_have_help_of_their_own() -> None:
    assert len(help_of("image")) == 5


@pytest.mark.parametrize(
    ("settings", "heading"),
    [
        (TrainConfig, "settings, as --set KEY=VALUE"),
        *((kind, f"settings of network {name},") for name, kind in NETWORK_SETTINGS.items()),
    ],
)
def test_the_help_of_train_has_a_line_for_every_setting(settings: type, heading: str) -> None:
    (text,) = help_of("train")
    section = text[text.index(heading) :].partition("\n\n")[0].splitlines()[1:]
    shown = {line.split("=")[0].strip(): line for line in section}
    names = [item.name for item in dataclasses.fields(settings) if item.name != "settings"]
    assert list(shown) == names
    for name, line in shown.items():
        found = re.fullmatch(r"  \w+=(\S*) +(\S.{9,})", line)
        assert found, line
        assert len(line) <= 100, line
        default = getattr(settings(), name)
        assert found[1] == ("" if default == {} else str(default).replace("False", "false"))


def test_the_help_of_train_lists_the_recipes() -> None:
    (text,) = help_of("train")
    assert all(f"\n  {name} " in text for name in RECIPES)


@pytest.mark.parametrize("words", [["--json", "--list-recipes"], ["--list-recipes", "--json"]])
def test_recipes_as_json_are_those_that_training_uses(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert frame.main(["train", *words]) == 0
    found = json.loads(capsys.readouterr().out)["recipes"]
    assert {name: from_json(entry["settings"]) for name, entry in found.items()} == RECIPES


def test_recipes_for_people_show_what_each_sets(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["train", "--list-recipes"]) == 0
    text = capsys.readouterr().out
    _, quick = text.split("\n  quick ")
    assert "planes=alphago20" in quick.partition("\n  cpu-evening ")[0]


def test_a_store_and_a_place_are_still_required_to_train(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert frame.main(["train", "--recipe", "quick"]) == 2
    assert "required: --data, --out" in capsys.readouterr().err
