"""``gopolicy gtp`` as a process: how it starts, and how it ends when the frontend misbehaves."""

import os
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from reference.fake_bot import Desk
from reference.gtp_process import Process, gopolicy_gtp

LIMIT = 5.0
"""Seconds to end in; it takes less than two where nothing else runs."""


@pytest.fixture
def engine(tiny_weights: Path) -> Iterator[Process]:
    options = ("--weights", str(tiny_weights), "--device", "cpu", "--threads", "1")
    process = Process(gopolicy_gtp(*options))
    yield process
    process.close()


def run_engine(*options: str, text: str | bytes = "") -> subprocess.CompletedProcess[bytes]:
    data = text.encode() if isinstance(text, str) else text
    command = gopolicy_gtp(*options)
    return subprocess.run(command, input=data, capture_output=True, check=False, timeout=300)


def test_a_whole_conversation_at_once_is_answered_and_leaves_standard_error_empty(
    tiny_weights: Path, tmp_path: Path
) -> None:
    log = tmp_path / "game.log"
    text = (
        "1 name\n2 genmove b\n3 kata-genmove_analyze w 10 ownership true\n4 play b pass\n5 quit\n"
    )
    words = ("--weights", str(tiny_weights), "--log", str(log), "--backend", "torch")
    done = run_engine(*words, "--threads", "1", text=text)  # nothing is tried, so nothing is told
    assert (done.returncode, done.stderr) == (0, b"")
    replies = done.stdout.decode().split("\n\n")
    assert replies[0] == "=1 gopolicy"
    assert replies[1].startswith("=2 ")
    head, info, move = replies[2].split("\n")
    assert head == "=3"
    assert len(info.partition(" ownership ")[2].split()) == 361
    assert move.startswith("play ")
    assert replies[3:] == ["=4", "=5", ""]
    logged = log.read_text("utf-8")
    assert "> 2 genmove b\n" in logged
    assert "< =5\n" in logged
    assert info in logged


@pytest.mark.parametrize("part", ["model.json", "model.safetensors", "all"])
def test_weights_that_are_not_there_are_told_before_the_first_command(
    part: str, tiny_weights: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(tiny_weights, folder)
    if part == "all":
        shutil.rmtree(folder)
    else:
        (folder / part).unlink()
    done = run_engine("--weights", str(folder), text="name\n")
    assert (done.returncode, done.stdout) == (1, b"")
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("gopolicy: ")
    assert str(folder) in lines[0]


def test_what_is_wrong_inside_of_weights_stands_in_the_reply_too(
    tiny_weights: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(tiny_weights, folder)
    (folder / "model.safetensors").write_bytes(b"nothing")
    engine = Process(gopolicy_gtp("--weights", str(folder)))
    try:
        engine.send("name\n")
        assert engine.reply() == "= gopolicy"
        assert engine.process.stderr is not None
        said = engine.process.stderr.readline().decode()  # nobody has asked for the network yet
        assert said.startswith(f"gopolicy gtp: cannot load the network: {folder}")
        for _ in range(2):
            engine.send("genmove b\nname\n")
            assert engine.reply() == said.replace("gopolicy gtp:", "?").rstrip()
            assert engine.reply() == "= gopolicy"
        engine.send("quit\n")
        assert engine.reply() == "="
        assert engine.end()[:2] == (1, "")
    finally:
        engine.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
def test_a_person_at_a_terminal_gets_a_word(tiny_weights: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    os.write(ours, b"quit\n")
    done = subprocess.run(
        gopolicy_gtp("--weights", str(tiny_weights)), stdin=theirs, capture_output=True, check=True
    )
    os.close(theirs)
    os.close(ours)
    assert done.stdout == b"=\n\n"
    assert "quit ends it" in done.stderr.decode()


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--temperature", "-1"], 2, "--temperature"),
        (["--rules", "go"], 1, "expected rules from"),
        (["--komi", "nan"], 2, "--komi"),
        (["--log", "no/such/folder/file"], 2, "does not exist"),
    ],
)
def test_an_impossible_option_is_refused_at_once(
    options: list[str], status: int, words: str
) -> None:
    done = run_engine(*options, text="name\n")
    assert done.returncode == status
    assert words in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_the_end_of_input_is_an_end_with_a_reason(engine: Process) -> None:
    engine.send("genmove b\n")
    assert engine.reply().startswith("= ")
    engine.input.close()
    status, said, seconds = engine.end()
    assert (status, said) == (0, "gopolicy gtp: the input ended without quit\n")
    assert seconds < LIMIT


def test_a_frontend_killed_in_the_middle_of_an_analysis_ends_it(engine: Process) -> None:
    engine.send("kata-analyze b 5\n")
    assert engine.output.readline() == b"=\n"
    assert engine.output.readline().startswith(b"info ")
    engine.input.close()
    engine.output.close()
    status, said, seconds = engine.end()
    assert status == 0
    assert said.startswith("gopolicy gtp: ")
    assert "Traceback" not in said
    assert seconds < LIMIT


def test_a_pipe_closed_at_the_other_end_ends_it(engine: Process) -> None:
    engine.send("name\n")
    assert engine.reply() == "= gopolicy"
    engine.output.close()
    engine.send("name\nname\n")
    status, said, seconds = engine.end()
    assert status == 0
    assert "the frontend is gone" in said
    assert "Traceback" not in said
    assert seconds < LIMIT


def test_garbage_does_not_end_it(engine: Process) -> None:
    noise = os.urandom(100_000).replace(b"quit", b"")
    engine.send(noise + b"\x00" * 3_000_000 + b"\n\n12 echo\n99 protocol_version\n")
    for _ in range(200_000):
        if engine.reply() == "=99 2":
            break
    engine.send("quit\n")
    assert engine.reply() == "="
    status, said, _ = engine.end()
    assert (status, said) == (0, "")


def test_any_input_interrupts_an_analysis_and_is_then_answered(engine: Process) -> None:
    for line, answer in (("\n", None), ("protocol_version\n", "= 2"), ("name\n", "= gopolicy")):
        engine.send("lz-analyze w 5\n")
        assert engine.output.readline() == b"=\n"
        assert engine.output.readline().startswith(b"info ")
        engine.send(line)
        while engine.output.readline() != b"\n":
            continue
        if answer:
            assert engine.reply() == answer


def test_other_sizes_are_played_too(engine: Process) -> None:
    for size in (9, 13, 5, 25, 2):
        engine.send(f"boardsize {size}\ngenmove b\nkata-analyze w 1\n\nboardsize 19\n")
        assert engine.reply() == "="
        move = engine.reply()
        assert move.startswith("= ")
        assert int(move[3:]) <= size
        assert engine.reply().startswith("=")
        assert engine.reply() == "="


@pytest.mark.slow
def test_memory_does_not_grow_from_game_to_game() -> None:
    desk = Desk()

    def play_games(count: int) -> None:
        moves = ["genmove b", "genmove w"] * 15
        for _ in range(count):
            desk.send("boardsize 9", "clear_board", *moves, "undo", "kata-analyze b", "final_score")

    tracemalloc.start()
    try:
        play_games(20)
        before = tracemalloc.get_traced_memory()[0]
        play_games(60)
        assert tracemalloc.get_traced_memory()[0] - before < 100_000
    finally:
        tracemalloc.stop()
