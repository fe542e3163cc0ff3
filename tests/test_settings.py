"""KEY=VALUE, wherever it is given."""

from pathlib import Path
from typing import Any

import pytest

from gopolicy.__main__ import main
from gopolicy.errors import ConfigError
from gopolicy.settings import explanations, read_like, read_numbers, split_setting, written


@pytest.mark.parametrize("text", ["filters", "=5", " = 5", "", "filters:5"])
def test_a_setting_without_key_or_equals_sign_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected KEY=VALUE, got "):
        split_setting(text)


def test_only_the_first_equals_sign_splits() -> None:
    assert split_setting("mix=kgs=2") == ("mix", "kgs=2")
    assert split_setting("key=") == ("key", "")


@pytest.mark.parametrize("text", ["kgs", "kgs=1,tygem", "=1"])
def test_shares_without_name_or_number_say_their_form(text: str) -> None:
    with pytest.raises(ConfigError, match="expected mix as NAME=VALUE,NAME=VALUE, got "):
        read_numbers("mix", text)


@pytest.mark.parametrize(
    "value", [True, False, 7, 5_000_000, 0.25, 1e-05, "wsd", "", {}, {"kgs-6d": 2.0, "b": 0.5}]
)
def test_what_is_written_is_read_as_the_same(value: Any) -> None:
    assert read_like("some", written(value), value) == value


def test_a_field_without_explanation_has_an_empty_one() -> None:
    class Some:
        first: int
        second: int
        """The second,
        in two lines."""

    assert explanations(Some) == {"first": "", "second": "The second, in two lines."}


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--data", "store", "--out", "run", "--set", "filters"],
        ["image", "train", "--data", "digits", "--out", "run", "--set", "filters"],
        ["image", "transfer", "--data", "digits", "--set", "filters"],
        ["compare", "--digits", "digits", "--out", "run", "--set", "filters"],
    ],
    ids=" ".join,
)
def test_every_command_reads_settings_alike(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1
    assert "expected KEY=VALUE, got 'filters'" in capsys.readouterr().err.splitlines()[-1]
