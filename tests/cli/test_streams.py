"""Standard streams that are closed, broken or cannot hold every letter."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gopolicy import __main__ as frame
from gopolicy import __version__
from gopolicy.cli.output import print_json, print_text, say
from gopolicy.cli.progress_bar import TqdmProgress
from gopolicy.cli.streams import set_up_streams

RECORD = "(;SZ[19]PB[本因坊]PW[Müller];B[pd];W[dd])"
unix = pytest.mark.skipif(os.name == "nt", reason="a shell of Unix closes the streams")


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of a shell in which $gopolicy is this program."""
    program = f'"{sys.executable}" -m gopolicy'
    return subprocess.run(
        ["bash", "-c", command.replace("$gopolicy", program)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@unix
@pytest.mark.parametrize(
    ("command", "status", "out", "err"),
    [
        ("$gopolicy --version >&-", 0, "", ""),
        ("$gopolicy --version <&- 2>&-", 0, f"gopolicy {__version__}\n", ""),
        ("$gopolicy nothing 2>&-", 2, "", ""),
        ("$gopolicy gtp <&-", 0, "", "gopolicy gtp: the input ended without quit\n"),
        ("$gopolicy predict --help >/dev/full", 1, "", "gopolicy: the disk is full\n"),
        ("$gopolicy --version >/dev/full", 1, "", "gopolicy: the disk is full\n"),
    ],
)
def test_closed_and_broken_streams_end_without_a_traceback(
    command: str, status: int, out: str, err: str
) -> None:
    done = shell(command)
    assert (done.returncode, done.stdout, done.stderr) == (status, out, err)


@pytest.mark.parametrize("words", [["--version"], ["predict", "--help"]], ids=" ".join)
def test_a_reader_that_has_gone_ends_the_command_without_a_word(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "gopolicy", *words]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=120)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


@unix
def test_remarks_do_not_get_among_the_results_where_standard_error_is_closed() -> None:
    code = """
from gopolicy.cli.output import say
from gopolicy.cli.streams import set_up_streams
set_up_streams()
say("a remark")
print("{}")
"""
    done = shell(f"'{sys.executable}' -c '{code}' 2>&-")
    assert (done.returncode, done.stdout) == (0, "{}\n")


def narrow_output(monkeypatch: pytest.MonkeyPatch, encoding: str) -> io.BytesIO:
    """Make standard output one of this encoding and return what it writes to."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    set_up_streams()
    return written


def test_letters_that_standard_output_does_not_have_are_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = narrow_output(monkeypatch, "cp1252")
    print_text("Müller - 本因坊")
    sys.stdout.flush()
    assert written.getvalue() == b"M\xfcller - ???\n"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_json_loses_no_letter_in_any_encoding(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = narrow_output(monkeypatch, encoding)
    value = {"name": "Müller 本因坊 \U0001f600", "file": Path(os.fsdecode(b"caf\xe9.sgf"))}
    print_json(value)
    sys.stdout.flush()
    found = json.loads(written.getvalue().decode(encoding))
    assert found["name"] == value["name"]
    assert os.fsencode(found["file"]) == b"caf\xe9.sgf"


def test_predict_prints_names_that_standard_output_cannot_hold(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "game.sgf"
    path.write_text(RECORD, encoding="utf-8")
    written = narrow_output(monkeypatch, "cp1252")
    assert frame.main(["predict", str(path), "--top", "1"]) == 0
    sys.stdout.flush()
    assert b"??? - M\xfcller" in written.getvalue()


class Gone(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        """Have nothing to write."""


def test_work_goes_on_when_nobody_reads_the_remarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Gone())
    say("a remark")
    progress = TqdmProgress()
    progress.start("work", 2, "pieces")
    progress.advance(2, loss=1.0)
    progress.message("half done")
    progress.finish()


@pytest.mark.parametrize(
    "words",
    [
        ["predict", ""],
        ["predict", "x.sgf", "--weights", ""],
        ["predict", "x.sgf", "--weights="],
        ["predict", "x.sgf", "--picture", ""],
        ["prepare", "", "--out", "store"],
        ["prepare", "x", "--out", ""],
        ["prepare", "x", "--out", "y", "--exclude", ""],
        ["evaluate", "x", "", "--json"],
        ["evaluate", "x", "--report", ""],
        ["train", "--data", "", "--out", "run"],
        ["compare", "--data", "x", "--out", ""],
        ["match", "--black", "", "--white", "x"],
        ["match", "--black", "x", "--white", "x", "--out", ""],
        ["bench", "--weights", ""],
        ["demo", "--out", ""],
        ["gtp", "--weights", ""],
        ["gtp", "--log", ""],
        ["visualize", "dream", ""],
        ["visualize", "filters", "--games", ""],
        ["image", "--plot", ""],
        ["image", "train", "--data", "", "--out", "run"],
        ["image", "predict", "", "--weights", "x"],
    ],
    ids=" ".join,
)
def test_an_empty_word_is_wrong_usage(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert frame.main(words) == 2
    shown = capsys.readouterr()
    assert "got an empty word" in shown.err
    assert not shown.out
    assert not list(tmp_path.iterdir())


def test_views_may_still_leave_their_layer_to_the_program() -> None:
    from gopolicy.cli import visualize
    from gopolicy.cli.options import CommandParser

    parser = CommandParser()
    visualize.add_arguments(parser)
    assert parser.parse_args(["maximize"]).layer is None
