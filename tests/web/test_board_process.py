"""``gopolicy board`` as it is started: what strangers and broken clients can do to it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from reference.web_client import RunningBoard, start_board
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from gopolicy.cli.board import opening_of
from gopolicy.sgf.tree import read_trees


def page_of(board: RunningBoard, **settings: Any) -> ClientConnection:
    """Connect as the page does."""
    settings = {"origin": f"http://{board.host}", "max_size": None} | settings
    return connect(board.socket, **settings)


def news(page: ClientConnection, kind: str) -> Iterator[dict[str, Any]]:
    """Yield what is told of a kind."""
    while True:
        found = json.loads(page.recv(timeout=60))
        if found["kind"] == kind:
            yield found


def lives(board: RunningBoard) -> bool:
    """Return whether the board still answers, network and all."""
    with urllib.request.urlopen(board.address, timeout=60) as answer:
        assert b"gopolicy" in answer.read()
    with page_of(board) as page:
        return bool(next(news(page, "look"))["networks"][0]["moves"])


def test_it_listens_on_this_machine_alone(running: RunningBoard) -> None:
    table = Path("/proc/net/tcp")
    if not table.is_file():
        pytest.skip("needs Linux, to see who listens")
    inodes = {
        Path(link).readlink().name
        for link in Path(f"/proc/{running.process.pid}/fd").iterdir()
        if link.exists() or link.is_symlink()
    }
    rows = [line.split() for name in ("tcp", "tcp6") for line in rows_of(name)]
    mine = [row for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]
    assert [row[1] for row in mine] == [f"0100007F:{running.port:04X}"]


def rows_of(name: str) -> list[str]:
    """Return the connections of a kind, if the system has that kind."""
    path = Path(f"/proc/net/{name}")
    return path.read_text().splitlines()[1:] if path.is_file() else []


def send_and_listen(page: ClientConnection, message: str) -> None:
    """Send a message, and hear until the connection ends."""
    page.send(message)
    while True:
        page.recv(timeout=60)


def test_a_message_of_100_mb_is_refused(running: RunningBoard) -> None:
    with page_of(running) as page, pytest.raises(ConnectionClosed) as closed:
        send_and_listen(page, "x" * 100_000_000)
    assert closed.value.rcvd is None or closed.value.rcvd.code == 1009
    assert lives(running)


def test_a_socket_of_another_page_is_refused(running: RunningBoard) -> None:
    for settings in ({"origin": "http://evil.example"}, {"origin": None}):
        with pytest.raises(InvalidStatus) as refused:
            page_of(running, **settings)
        assert refused.value.response.status_code == 403


def test_a_thousand_connections_do_not_stop_it(running: RunningBoard) -> None:
    with ExitStack() as stack:
        refused = 0
        for _ in range(1000):
            try:
                one = socket.create_connection(("127.0.0.1", running.port), timeout=10)
            except OSError:
                refused += 1
                continue
            stack.callback(one.close)
        assert refused < 1000
    deadline = time.monotonic() + 60
    while True:
        try:
            assert lives(running)
            return
        except OSError:
            assert time.monotonic() < deadline


def test_a_slow_client_is_cut_off(running: RunningBoard) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: ")
        with suppress(ConnectionResetError):
            assert slow.recv(1000) == b""  # after ten seconds
    assert lives(running)


def test_a_page_that_never_reads_costs_no_memory(running: RunningBoard) -> None:
    with page_of(running, max_queue=1) as page:
        for _ in range(2000):
            page.send('{"do": "step", "by": 1}')
        assert lives(running)


def test_a_used_port_is_one_clear_line(running: RunningBoard) -> None:
    command = [sys.executable, "-m", "gopolicy", "board", "--no-open", "--port", str(running.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"gopolicy: cannot listen on port {running.port}: ")
    assert done.stderr.count("\n") == 1


AFTER_GETTING_READY = """
from numba.core import event
from gopolicy.cli.board import compile_rules
from gopolicy.go.rules import CHINESE, JAPANESE
from gopolicy.web.contest import Count
from gopolicy.web.game_file import read_file
from gopolicy.web.walk import Walk

compile_rules()
with event.install_recorder("numba:compile") as seen:
    file, _ = read_file(b"(;SZ[9]AB[aa];B[ee];W[aa];AE[ee];B[cc];W[dd])", "game")
    walk = Walk(file.tree)
    for node in [*file.tree.nodes.values(), file.tree.root, file.tree.nodes[5]]:
        walk.go(node)
        board = walk.position().board
    for rules in (CHINESE, JAPANESE):
        count = Count(board=board, rules=rules)
        count.toggle(20)
        count.score()
        count.owners()
print(len(seen.buffer))
"""


@pytest.mark.slow
def test_nothing_is_compiled_while_a_page_waits(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AFTER_GETTING_READY],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"GOPOLICY_CACHE": str(tmp_path)},
    )
    assert done.stdout == "0\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.sgf"], "cannot read missing.sgf"),
        (["--weights", "no-such-network"], "no-such-network"),
        (["--weights", "x"] * 5, "at most 4 networks"),
    ],
)
def test_what_cannot_be_opened_is_told_at_once(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "gopolicy", "board", "--no-open", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_archive_is_a_list_of_games(tiny_weights: Path, tmp_path: Path) -> None:
    for number in range(3):
        text = f"(;SZ[9]PB[player {number}];B[ee](;W[cc])(;W[gg]))"
        (tmp_path / f"{number}.sgf").write_text(text)
    arguments = ["--weights", str(tiny_weights), str(tmp_path)]
    with start_board(tmp_path, *arguments) as board, page_of(board) as page:
        game = next(news(page, "game"))
        assert [name.split(" - ")[0] for name in game["games"]] == [f"player {n}" for n in range(3)]
        assert len(next(news(page, "tree"))["rows"]) == 4


def test_an_archive_is_saved_beside_itself_and_what_cannot_be_read_in_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "games.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.sgf", b"(;SZ[9]PB[first];B[aa])(;GM[2];B[bb])")
        file.writestr("b.sgf", b"(;SZ[7:9];B[aa])")
        file.writestr("c.sgf", b"(;SZ[9]PB[last];B[aa])")
    opening = opening_of(archive)
    assert opening.name == "games.zip.sgf"
    assert opening.data is not None
    assert [tree.root.line("PB") for tree in read_trees(opening.data, "x")[0]] == ["first", "last"]
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "games.zip!a.sgf#2: other game: GM[2] is not Go",
        "games.zip!b.sgf: not square: SZ[7:9] is not square",
    ]
