"""The recipes and settings of training as text for people; made from the classes of settings."""

import dataclasses
import textwrap
from collections.abc import Mapping

from gopolicy.nets.network_settings import NETWORK_SETTINGS, default_settings
from gopolicy.rl.reinforce_config import LEARNING, ReinforceConfig
from gopolicy.settings import explanations, written
from gopolicy.training.config import TrainConfig, as_changes
from gopolicy.training.recipes import PURPOSES, RECIPES

_WIDTH = 100
_OTHERWISE = {
    "network": "The network: alphago or alphago-res",
    "seed": "Decides the first weights and every game",
}
"""What settings of training mean to `gopolicy reinforce`."""


def recipes_text(*, with_settings: bool) -> str:
    """Return the recipes, one a line; with the settings that each changes, if asked for."""
    column = 2 + max(map(len, RECIPES))
    lines = ["recipes:"]
    for name, config in RECIPES.items():
        lines.append(f"  {name:<{column}}{PURPOSES[name]}")
        if with_settings:
            indent = " " * (column + 2)
            changes = " ".join(as_changes(config))
            lines += textwrap.wrap(changes, _WIDTH, initial_indent=indent, subsequent_indent=indent)
    return "\n".join(lines)


def settings_text() -> str:
    """Return every setting with its default and what it means, one a line."""
    defaults = {
        item.name: getattr(TrainConfig(), item.name)
        for item in dataclasses.fields(TrainConfig)
        if item.name != "settings"
    }
    lines = [
        "settings, as --set KEY=VALUE, with the default of each (whole numbers may end in k or M):",
        *_lines(defaults, TrainConfig),
    ]
    for name, settings in NETWORK_SETTINGS.items():
        lines += ["", f"settings of network {name}, given alike:"]
        lines += _lines(default_settings(name), settings)
    return "\n".join(lines)


def reinforce_text() -> str:
    """Return every setting of `gopolicy reinforce` in the same way."""
    config = ReinforceConfig()
    own = {
        item.name: getattr(config, item.name)
        for item in dataclasses.fields(config)
        if item.name != "learning"
    }
    learning = {name: getattr(config.learning, name) for name in LEARNING if name != "settings"}
    network = ", ".join(f"{name}={value}" for name, value in config.learning.settings.items())
    lines = [
        "settings of the games, as --set KEY=VALUE, with the default of each:",
        *_lines(own, ReinforceConfig),
        "",
        "settings of learning, as in gopolicy train; positions are decisions:",
        *_lines(learning, TrainConfig, _OTHERWISE),
        "",
        f"and those of the network, see gopolicy train --help (here {network})",
    ]
    return "\n".join(lines)


def _lines(
    defaults: Mapping[str, object], settings: type, otherwise: Mapping[str, str] | None = None
) -> list[str]:
    texts = explanations(settings) | dict(otherwise or {})
    given = {name: f"{name}={written(value)}" for name, value in defaults.items()}
    return [f"  {given[name]:<28}{_first_sentence(texts[name])}" for name in defaults]


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].removesuffix(".")
