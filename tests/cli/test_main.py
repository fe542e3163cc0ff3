"""The frame of the command line: dispatch, exit status, one line per error."""

import ctypes
import errno
import os
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

from gopolicy import __main__ as frame
from gopolicy import __version__
from gopolicy.errors import SgfError


def gopolicy(*words: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "gopolicy", *words]
    options = {"capture_output": True, "text": True, "check": False, "timeout": 300} | settings
    done: subprocess.CompletedProcess[str] = subprocess.run(command, **options)
    return done


def with_command(monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    """Make ``gopolicy fake`` a command that does what run does."""
    module = SimpleNamespace(add_arguments=lambda parser: None, run=run)
    monkeypatch.setitem(sys.modules, "gopolicy.cli.fake", module)
    monkeypatch.setitem(frame.COMMANDS, "fake", "a command for this test")


def failing(error: BaseException) -> object:
    """Return a command that raises."""

    def run(args: object) -> int:
        raise error

    return run


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in frame.COMMANDS)


def test_no_command_is_wrong_usage_and_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main([]) == 2
    assert "commands:" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["--version"]) == 0
    assert capsys.readouterr().out == f"gopolicy {__version__}\n"


def test_a_misspelt_command_is_wrong_usage_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["evalute"]) == 2
    assert capsys.readouterr().err == "gopolicy: no command 'evalute'; did you mean evaluate?\n"


@pytest.mark.parametrize("name", frame.COMMANDS)
def test_help_of_a_command_has_examples_and_loads_neither_torch_nor_numba(name: str) -> None:
    code = f"""
import sys
from gopolicy.__main__ import main
assert main([{name!r}, "--help"]) == 0
heavy = {{"torch", "numba", "matplotlib", "PIL"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"usage: gopolicy {name}" in done.stdout
    assert "examples:" in done.stdout


@pytest.mark.parametrize("name", frame.COMMANDS)
def test_an_unknown_option_is_wrong_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main([name, "--no-such-option"]) == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (SgfError("x.sgf: no game\nin it"), 1, "x.sgf: no game in it"),
        (
            OSError(errno.ENOSPC, "No space left on device", "out.json"),
            1,
            "out.json: the disk is full",
        ),
        (
            FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "a.sgf"),
            1,
            "a.sgf: No such file or directory",
        ),
        (SgfError("no plane set '\ud800\n\x1b[31m'"), 1, r"no plane set '\ud800 \x1b[31m'"),
        (MemoryError(), 1, "out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: ..."), 1, "out of memory"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
    ids=["ours", "full disk", "missing file", "escapes", "memory", "memory of torch", "Ctrl-C"],
)
def test_an_error_is_one_line_and_an_exit_status(
    error: BaseException,
    status: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with_command(monkeypatch, failing(error))
    assert frame.main(["fake"]) == status
    assert capsys.readouterr().err == f"gopolicy: {line}\n"


@pytest.mark.skipif(os.name == "nt", reason="signals differ on Windows")
def test_an_interrupt_after_the_work_is_done_makes_no_noise() -> None:
    code = """
import atexit, os, signal, sys
from gopolicy.__main__ import main
atexit.register(os.kill, os.getpid(), signal.SIGINT)
sys.argv = ["gopolicy", "--version"]
sys.exit(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"gopolicy {__version__}\n", "")


def test_an_interrupt_in_a_callback_from_c_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @ctypes.CFUNCTYPE(None)  # type: ignore[untyped-decorator]
    def callback() -> None:
        raise KeyboardInterrupt

    def run(args: object) -> int:
        callback()
        time.sleep(20)
        return 0

    with_command(monkeypatch, run)
    assert frame.main(["fake"]) == 130
    assert capsys.readouterr().err == "gopolicy: interrupted\n"


@pytest.mark.parametrize("bug", [ZeroDivisionError("bug"), RuntimeError("bug")], ids=repr)
def test_a_bug_is_not_hidden(bug: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    with_command(monkeypatch, failing(bug))
    with pytest.raises(type(bug)):
        frame.main(["fake"])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_standard_output_on_a_full_disk_is_one_line() -> None:
    with open("/dev/full", "w") as full:
        done = gopolicy("--help", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, "gopolicy: the disk is full\n")


@pytest.mark.skipif(os.name == "nt", reason="pipes differ on Windows")
def test_a_reader_that_leaves_early_causes_no_noise() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = gopolicy("--help", capture_output=False, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
