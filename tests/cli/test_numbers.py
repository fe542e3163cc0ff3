"""Numbers of the command line that no computer can make sense of."""

from pathlib import Path

import pytest

from gopolicy.__main__ import main
from gopolicy.samples import SAMPLE_GAMES

HUGE = "9" * 400
BEYOND_INT = "9" * 5000  # Python's int() refuses more than 4,300 digits
ABSURD = (HUGE, BEYOND_INT, str(2**64), "-1", "nan", "inf", "-inf", "1e999", "1e300", "x")

COUNTS = {
    "demo": ["--seconds"],
    "train --data s --out o": ["--hours", "--minutes", "--threads", "--processes"],
    "prepare g.sgf --out o": ["--size", "--min-moves", "--processes", "--validation"],
    "evaluate g.sgf": ["--limit", "--size", "--batch-size", "--symmetries"],
    "predict g.sgf": ["--move", "--top", "--symmetries"],
    "bench": ["--seconds"],
    "match --black a --white b": [
        *("--games", "--parallel", "--size", "--seed", "--opening-moves", "--move-seconds"),
        *("--main-seconds", "--max-moves"),
    ],
    "compare --data s --out o": [
        *("--filters", "--layers", "--seeds", "--epochs", "--batch-size", "--parallel"),
    ],
    "gtp": [
        *("--threads", "--seed", "--temperature", "--temperature-moves", "--late-temperature"),
        *("--top-p", "--min-p", "--resign-below", "--max-seconds"),
    ],
    "image train --data p --out o": ["--epochs", "--batch-size", "--lr", "--shift", "--seed"],
    "image transfer --data p": [
        *("--per-class", "--repeats", "--epochs", "--few-epochs", "--lr", "--seed"),
    ],
    "image predict p --weights w": ["--top"],
    "visualize filters": ["--top", "--positions"],
    "visualize channels": ["--channels", "--count", "--boards"],
    "visualize maximize": ["--channels", "--count", "--l1", "--steps", "--seed", "--positions"],
    "visualize activations": ["--move"],
    "visualize fool": ["--rounds", "--seed"],
    "visualize dream p": ["--side", "--steps", "--octaves", "--seed"],
    "visualize style p q": ["--strength", "--side", "--steps"],
}
OPTIONS = [(command, option) for command, options in COUNTS.items() for option in options]
SETTINGS = (
    *("positions", "batch_size", "seed", "warmup", "lr", "loader_threads", "validation_positions"),
    *("validation_every", "log_every", "halve_every", "momentum", "beta2", "label_smoothing"),
    *("decay_share", "forget_history", "ema", "weight_decay", "clip_norm", "checkpoint_minutes"),
    *("filters", "layers", "pooled", "minutes", "teacher_weight"),
)


def error_of(words: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must end with this status; return its last line of error."""
    capsys.readouterr()
    assert main(words) == status, words
    output = capsys.readouterr()
    assert output.out == ""
    assert "Traceback" not in output.err
    line = output.err.strip().splitlines()[-1]
    assert len(line) < 300, words
    return line


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_absurd_numbers_of_options_are_wrong_usage(
    command: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ABSURD:
        line = error_of([*command.split(), f"{option}={text}"], 2, capsys)
        assert f"argument {option}: expected a" in line
        assert "number from" in line or "number above" in line, line


@pytest.mark.parametrize("text", [HUGE, BEYOND_INT, "nan", "inf", "-inf", "1e300", "10001", "x"])
@pytest.mark.parametrize("command", ["gtp", "match --black a --white b"])
def test_absurd_komi_is_wrong_usage(
    command: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = error_of([*command.split(), f"--komi={text}"], 2, capsys)
    assert "--komi: expected a number from -10,000 to 10,000" in line


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("numbers") / "store"
    assert main(["prepare", str(SAMPLE_GAMES), "--out", str(path), "--validation", "0.2"]) == 0
    return path


@pytest.mark.parametrize("name", SETTINGS)
def test_absurd_numbers_of_settings_are_one_line_and_leave_no_run(
    name: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    for text in ABSURD:
        words = ["train", "--data", str(store), "--out", str(out), "--device", "cpu"]
        line = error_of([*words, "--network=alphago-res", f"--set={name}={text}"], 1, capsys)
        assert name.removesuffix("s") in line or "expected a number" in line
        assert not out.exists()


@pytest.mark.parametrize("text", [HUGE, BEYOND_INT, str(2**64), "0", "-1", "nan", "inf", "x"])
def test_absurd_weights_of_sources_are_one_line(
    text: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "--data", str(store), "--out", str(tmp_path / "run")]
    assert "mix" in error_of([*words, f"--set=mix=games={text}"], 1, capsys)


@pytest.mark.parametrize(
    "option",
    ["--positions", "--sweep-positions", "--measured-positions", "--tuning-positions"],
)
def test_absurd_counts_of_a_comparison_are_one_line(
    option: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", "--data", str(store), "--out", str(tmp_path / "out")]
    for text in ABSURD:
        line = error_of([*words, f"{option}={text}"], 1, capsys)
        assert f"{option}: expected positions" in line


def test_absurd_learning_rates_of_a_comparison_are_one_line(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", "--data", str(store), "--out", str(tmp_path / "out")]
    for text in (*ABSURD, "0"):
        line = error_of([*words, f"--learning-rates=0.001,{text}"], 1, capsys)
        assert "--learning-rates: expected lr" in line


def test_the_largest_seed_is_read_to_its_last_digit() -> None:
    from gopolicy.training.config import TrainConfig, override

    assert override(TrainConfig(), [f"seed={2**63 - 1}"]).seed == 2**63 - 1
