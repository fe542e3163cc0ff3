"""The options of ``gopolicy gtp``: what cannot be is told before anything starts."""

import subprocess
import sys

import pytest

from gopolicy.__main__ import main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed", "-1"], "expected a whole number from 0"),
        (["--seed", str(2**64)], "expected a whole number from 0"),
        (["--threads", "100000"], "expected a whole number from 1 to 256"),
        (["--threads", "0"], "expected a whole number from 1 to 256"),
        (["--komi", "nan"], "expected a number from -10,000 to 10,000"),
    ],
)
def test_numbers_that_cannot_be_are_wrong_usage(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gtp", *words]) == 2
    assert message in capsys.readouterr().err


def test_weights_are_checked_without_torch() -> None:
    code = """
import sys
from gopolicy.__main__ import main
assert main(["gtp", "--weights", "nothing"]) == 1
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
