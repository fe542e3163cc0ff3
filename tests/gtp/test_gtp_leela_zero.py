"""The dialect of ``lz-analyze`` beside its origin: Leela Zero with random weights.

Both engines are told the same; what they answer must have the same form and end the same way.
(Without an interval Leela Zero reports nothing at all; gopolicy reports every second.)
Needs Leela Zero: ``apt-get install leela-zero``.
"""

import os
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from reference.gtp_process import Process, gopolicy_gtp

FILTERS = 2
VERTEX = "(?:[A-HJ-T](?:1[0-9]|[1-9])|pass)"
CANDIDATE = re.compile(
    rf"info move {VERTEX} visits [0-9]+ winrate [0-9]+ prior [0-9]+ lcb [0-9]+ order [0-9]+"
    rf" pv {VERTEX}(?: {VERTEX})*"
)


def random_weights(seed: int) -> str:
    """Return a network of one residual block in Leela Zero's text format, 27 lines."""
    dice = random.Random(seed)

    def weights(count: int) -> str:
        return " ".join(f"{dice.gauss(0, 0.1):.3f}" for _ in range(count))

    def constant(count: int, value: int) -> str:
        return " ".join([str(value)] * count)

    def convolution(outputs: int, inputs: int, side: int) -> list[str]:
        """Return weights, biases, and the means and variances of the normalization."""
        still = [constant(outputs, value) for value in (0, 0, 1)]
        return [weights(outputs * inputs * side**2), *still]

    def dense(outputs: int, inputs: int) -> list[str]:
        return [weights(outputs * inputs), constant(outputs, 0)]

    lines = ["1", *convolution(FILTERS, 18, 3)]
    lines += convolution(FILTERS, FILTERS, 3) * 2
    lines += [*convolution(2, FILTERS, 1), *dense(362, 2 * 361)]
    lines += [*convolution(1, FILTERS, 1), *dense(256, 361), *dense(1, 256)]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module", params=["leela-zero", "gopolicy"])
def engine(
    request: pytest.FixtureRequest, tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Process]:
    """Return the one, then the other; whatever a test finds in one must be so in the other."""
    command = gopolicy_gtp("--weights", str(tiny_weights), "--device", "cpu")
    if request.param == "leela-zero":
        program = shutil.which("leelaz", path=f"{os.environ.get('PATH', '')}:/usr/games")
        if program is None:
            pytest.skip("Leela Zero is not installed")
        path = tmp_path_factory.mktemp("leela") / "weights.txt"
        path.write_text(random_weights(1))
        options = "--gtp --cpu-only --noponder --quiet --threads 1 --visits 20 --weights"
        command = [program, *options.split(), str(path)]
    process = Process(command)
    yield process
    process.close()


def first_report(engine: Process, command: str) -> str:
    """Send a command of analysis; return the first report, which nothing has interrupted yet."""
    engine.send(f"{command}\n")
    assert engine.line() == "=\n"
    return engine.line()


def interrupt(engine: Process, line: str) -> None:
    """Send a line; read on to the empty line that ends the analysis."""
    engine.send(f"{line}\n")
    while (report := engine.line()) != "\n":
        check_report(report)


def check_report(report: str) -> list[str]:
    """Return the candidates of a report, taken apart by the one pattern that both must match."""
    candidates = CANDIDATE.findall(report)
    assert " ".join(candidates) + "\n" == report
    for order, candidate in enumerate(candidates):
        assert f" order {order} pv " in candidate
        assert candidate.split(" pv ")[1].split()[0] == candidate.split()[2]
    return candidates


@pytest.mark.parametrize("arguments", ["b 10", "10", "b interval 10", "interval 10"])
def test_names_order_and_numbers_of_a_report(engine: Process, arguments: str) -> None:
    engine.send("clear_board\nplay b Q16\n")
    assert [engine.reply(), engine.reply()] == ["=", "="]
    assert check_report(first_report(engine, f"lz-analyze {arguments}"))
    interrupt(engine, "")


@pytest.mark.parametrize(
    ("line", "answer"),
    [("protocol_version", "= 2"), ("7 protocol_version", "=7 2"), ("stand_on_head", "?")],
)
def test_any_command_ends_the_analysis_and_is_answered_then(
    engine: Process, line: str, answer: str
) -> None:
    first_report(engine, "lz-analyze b 10")
    interrupt(engine, line)
    reply = engine.reply()
    assert reply == answer or reply == f"{answer} unknown command"


def test_an_empty_line_ends_the_analysis_without_a_word(engine: Process) -> None:
    first_report(engine, "lz-analyze b 10")
    interrupt(engine, "")
    engine.send("12 protocol_version\n")
    assert engine.reply() == "=12 2"


def test_only_the_moves_allowed_are_reported(engine: Process) -> None:
    report = first_report(engine, "lz-analyze b 10 allow b D4,Q4 1")
    interrupt(engine, "")
    moves = {candidate.split()[2] for candidate in check_report(report)}
    assert moves - {"pass"} <= {"D4", "Q4"}


def test_moves_to_be_avoided_are_not_reported(engine: Process) -> None:
    usual = check_report(first_report(engine, "lz-analyze b 10"))[0].split()[2]
    interrupt(engine, "")
    report = first_report(engine, f"lz-analyze b 10 avoid b {usual} 1")
    interrupt(engine, "")
    assert usual not in {candidate.split()[2] for candidate in check_report(report)}


@pytest.mark.parametrize("arguments", ["x", "b 10 sideways 3", "b 10 avoid b D4", "b ten"])
def test_what_is_not_understood_is_refused(engine: Process, arguments: str) -> None:
    engine.send(f"lz-analyze {arguments}\n")
    assert engine.reply().startswith("? ")


def test_a_move_comes_with_reports_and_is_played(engine: Process) -> None:
    engine.send("clear_board\n")
    assert engine.reply() == "="
    engine.send("lz-genmove_analyze b 10\n")
    head, *reports, move = engine.reply().split("\n")
    assert head == "="
    assert re.fullmatch(f"play {VERTEX}", move)
    assert reports
    for report in reports:
        check_report(f"{report}\n")
    engine.send(f"{move.replace('play', 'play w')}\nundo\n")
    assert engine.reply().startswith("? ")
    assert engine.reply() == "="
