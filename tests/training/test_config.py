"""Settings and how text changes them."""

import dataclasses
import json
import subprocess
import sys
from typing import Any

import pytest

from gopolicy.errors import ConfigError
from gopolicy.nets.network_settings import NETWORK_SETTINGS
from gopolicy.settings import explanations
from gopolicy.training.config import (
    CHOICES,
    OPTIMIZER_NAMES,
    TrainConfig,
    as_changes,
    check_continues,
    from_json,
    override,
    to_json,
)
from gopolicy.training.recipes import PURPOSES, RECIPES


def test_changes_are_read_as_the_kind_of_their_field() -> None:
    config = override(
        TrainConfig(),
        ["positions=1.5M", "batch_size=2k", "lr=1e-3", "optimizer=sgd", "warmup=12_000"],
    )
    assert (config.positions, config.batch_size) == (1_500_000, 2_000)
    assert (config.lr, config.optimizer, config.warmup) == (0.001, "sgd", 12_000)


def test_dashes_and_spaces_do_not_matter() -> None:
    assert override(TrainConfig(), [" batch-size = 64"]).batch_size == 64


def test_a_mix_is_shares_by_source() -> None:
    mix = override(TrainConfig(), ["mix=kgs-6d=2, tygem-9d=0.5"]).mix
    assert mix == {"kgs-6d": 2.0, "tygem-9d": 0.5}
    assert override(TrainConfig(mix={"a": 1.0}), ["mix="]).mix == {}


def test_settings_of_the_network_are_changed_like_any_other() -> None:
    config = override(TrainConfig(settings={"layers": 3}), ["filters=64", "normalization=batch"])
    assert config.settings == {"layers": 3, "filters": 64, "normalization": "batch"}


def test_another_network_keeps_the_settings_that_it_has() -> None:
    config = TrainConfig(settings={"layers": 3, "filters": 8})
    assert override(config, ["units=20", "network=dense"]).settings == {"layers": 3, "units": 20}
    assert override(config, ["network=alphago-res"]).settings == config.settings
    with pytest.raises(ConfigError, match="no setting called 'filters'"):
        override(config, ["network=dense", "filters=9"])


def test_the_last_of_several_changes_counts() -> None:
    assert override(TrainConfig(), ["batch-size=8", "batch_size=9"]).batch_size == 9


def test_a_misspelt_field_gets_its_nearest_name() -> None:
    with pytest.raises(ConfigError, match="no setting called 'postions'; did you mean 'positions'"):
        override(TrainConfig(), ["postions=5"])


@pytest.mark.parametrize(
    "change",
    [
        "positions",
        "positions=many",
        "positions=0.5",
        "positions=0",
        "batch_size=-1",
        "lr=0",
        "lr=nan",
        "lr=fast",
        "momentum=1",
        "ema=1",
        "schedule=step",
        "precision=fp8",
        "memory_format=blocked",
        "decay_share=0",
        "mix=kgs",
        "mix=kgs=0",
        "mix=kgs=much",
        "checkpoint_minutes=-1",
    ],
)
def test_impossible_values_are_refused(change: str) -> None:
    with pytest.raises(ConfigError):
        override(TrainConfig(), [change])


def test_a_config_survives_json() -> None:
    config = override(TrainConfig(), ["mix=a=1,b=2", "filters=3", "ema=0.9"])
    assert (config.mix, config.settings) == ({"a": 1.0, "b": 2.0}, {"filters": 3})
    assert from_json(json.loads(json.dumps(to_json(config)))) == config


def test_a_field_of_another_version_is_refused() -> None:
    with pytest.raises(ConfigError, match="'dropout'"):
        from_json(to_json(TrainConfig()) | {"dropout": 0.1})


def test_a_run_may_grow_but_not_change() -> None:
    config = TrainConfig()
    assert check_continues(config, config) == {}
    longer = override(config, ["positions=9M", "mix=a=1", "lr=0.1"])
    assert check_continues(config, longer) == {"positions": 9_000_000, "mix": {"a": 1}, "lr": 0.1}
    for change in ("optimizer=sgd", "seed=2", "batch_size=64", "filters=9", "ema=0.5"):
        with pytest.raises(ConfigError, match="this run began with"):
            check_continues(config, override(config, [change]))


@pytest.mark.parametrize("name", RECIPES)
def test_the_changes_listed_for_a_recipe_make_it(name: str) -> None:
    assert override(TrainConfig(), as_changes(RECIPES[name])) == RECIPES[name]


def test_the_kind_of_a_wrong_value_is_told_at_once() -> None:
    with pytest.raises(ConfigError, match="equivariant to be true or false, got 'maybe'"):
        override(TrainConfig(), ["equivariant=maybe"])
    with pytest.raises(ConfigError, match="filters to be a whole number, got 'many'"):
        override(TrainConfig(), ["filters=many"])


def test_settings_and_recipes_are_known_without_torch() -> None:
    code = "import sys, gopolicy.training.recipes; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_a_setting_may_be_is_said_where_it_is_explained() -> None:
    texts = explanations(TrainConfig)
    words = CHOICES | {"optimizer": OPTIMIZER_NAMES, "network": tuple(NETWORK_SETTINGS)}
    for name, choices in words.items():
        assert all(word in texts[name] for word in choices), name


@pytest.mark.parametrize("settings", [TrainConfig, *NETWORK_SETTINGS.values()])
def test_every_setting_says_what_it_is(settings: Any) -> None:
    texts = explanations(settings)
    assert list(texts) == [item.name for item in dataclasses.fields(settings)]
    assert all(texts.values())


def test_every_recipe_says_what_it_is_for() -> None:
    assert list(PURPOSES) == list(RECIPES)


def test_recipes_are_found_by_name() -> None:
    assert RECIPES["quick"].planes == "alphago20"
    with pytest.raises(ConfigError, match="no recipe called 'quik'; did you mean 'quick'"):
        RECIPES["quik"]
