"""Settings and how text changes them."""

import dataclasses
import json

import pytest

from gopolicy.errors import ConfigError
from gopolicy.train.config import (
    TrainConfig,
    check_continues,
    from_json,
    override,
    to_json,
)
from gopolicy.train.recipes import RECIPES, recipe


def test_changes_are_read_as_the_kind_of_their_field():
    config = override(
        TrainConfig(),
        ["positions=1.5M", "batch_size=2k", "lr=1e-3", "optimizer=sgd", "warmup=12_000"],
    )
    assert (config.positions, config.batch_size) == (1_500_000, 2_000)
    assert (config.lr, config.optimizer, config.warmup) == (0.001, "sgd", 12_000)


def test_dashes_and_spaces_do_not_matter():
    assert override(TrainConfig(), [" batch-size = 64"]).batch_size == 64


def test_a_mix_is_shares_by_source():
    mix = override(TrainConfig(), ["mix=kgs-6d=2, tygem-9d=0.5"]).mix
    assert mix == {"kgs-6d": 2.0, "tygem-9d": 0.5}
    assert override(TrainConfig(mix={"a": 1.0}), ["mix="]).mix == {}


def test_settings_of_the_network_are_changed_like_any_other():
    config = override(TrainConfig(settings={"layers": 3}), ["filters=64", "normalization=batch"])
    assert config.settings == {"layers": 3, "filters": 64, "normalization": "batch"}


def test_another_network_keeps_the_settings_that_it_has():
    config = TrainConfig(settings={"layers": 3, "filters": 8})
    assert override(config, ["units=20", "network=dense"]).settings == {"layers": 3, "units": 20}
    assert override(config, ["network=alphago-res"]).settings == config.settings
    with pytest.raises(ConfigError, match="no setting called 'filters'"):
        override(config, ["network=dense", "filters=9"])


def test_the_last_of_several_changes_counts():
    assert override(TrainConfig(), ["batch-size=8", "batch_size=9"]).batch_size == 9


def test_a_misspelt_field_gets_its_nearest_name():
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
def test_impossible_values_are_refused(change):
    with pytest.raises(ConfigError):
        override(TrainConfig(), [change])


def test_a_config_survives_json():
    config = override(TrainConfig(), ["mix=a=1,b=2", "filters=3", "ema=0.9"])
    assert (config.mix, config.settings) == ({"a": 1.0, "b": 2.0}, {"filters": 3})
    assert from_json(json.loads(json.dumps(to_json(config)))) == config


def test_a_field_of_another_version_is_refused():
    with pytest.raises(ConfigError, match="'dropout'"):
        from_json(to_json(TrainConfig()) | {"dropout": 0.1})


def test_a_run_may_grow_but_not_change():
    config = TrainConfig()
    assert check_continues(config, config) == {}
    longer = override(config, ["positions=9M", "mix=a=1", "lr=0.1"])
    assert check_continues(config, longer) == {"positions": 9_000_000, "mix": {"a": 1}, "lr": 0.1}
    for change in ("optimizer=sgd", "seed=2", "batch_size=64", "filters=9", "ema=0.5"):
        with pytest.raises(ConfigError, match="this run began with"):
            check_continues(config, override(config, [change]))


def test_every_field_says_what_it_is():
    import ast
    import inspect

    import gopolicy.train.config as module

    (body,) = (
        node.body
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ClassDef) and node.name == "TrainConfig"
    )
    fields = [i for i, node in enumerate(body) if isinstance(node, ast.AnnAssign)]
    assert len(fields) == len(dataclasses.fields(TrainConfig))
    for index in fields:
        following = body[index + 1]
        assert isinstance(following, ast.Expr)
        assert isinstance(following.value, ast.Constant)


def test_recipes_are_found_by_name():
    assert recipe("quick") is RECIPES["quick"]
    with pytest.raises(ConfigError, match="no recipe called 'quik'; did you mean 'quick'"):
        recipe("quik")
