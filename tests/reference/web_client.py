"""The other end of the board: what a page does, without a browser."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.testclient import TestClient, WebSocketTestSession

HOST = "127.0.0.1:4242"
TOKEN = "a-token-for-tests"
TAB = "0123456789abcdef-0"
News = dict[str, Any]


@dataclass(frozen=True)
class RunningBoard:
    """A board in a process of its own."""

    address: str
    process: "subprocess.Popen[str]"

    @property
    def host(self) -> str:
        """Where it listens, with the port."""
        return urlsplit(self.address).netloc

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.host.split(":")[1])

    @property
    def socket(self) -> str:
        """The address of its WebSocket, for a tab of its own."""
        return self.address.replace("http:", "ws:") + f"socket?tab={TAB}"


class FakePage:
    """A page that keeps the latest news of every kind."""

    def __init__(self, session: WebSocketTestSession) -> None:
        self._session = session
        self.seen: dict[str, News] = {}
        self._passed: dict[str, News] = {}  # came while other news was waited for

    def ask(self, what: str, **values: object) -> None:
        """Ask for something."""
        self.say(json.dumps({"do": what, **values}))

    def say(self, text: str) -> None:
        """Send a text as it is."""
        self._passed.clear()
        self._session.send_text(text)

    def hand_over(self, name: str, data: bytes) -> None:
        """Open a file."""
        self._passed.clear()
        self._session.send_bytes(name.encode() + b"\n" + data)

    def hear(self, kind: str, wanted: Callable[[News], object] = bool) -> News:
        """Wait for news of a kind that is as wanted.

        The board sends the latest news of each kind once, in no order of kinds.  So what came since
        the last question, while this page waited for news of another kind, counts too.
        """
        news = self._passed.pop(kind, None)
        while news is None or news["kind"] != kind or not wanted(news):
            news = json.loads(self._session.receive_text())
            self.seen[news["kind"]] = self._passed[news["kind"]] = news
        self._passed.pop(kind, None)
        return news

    def refused(self, what: str, **values: object) -> str:
        """Ask for something that is refused, and return the sentence."""
        self.ask(what, **values)
        return str(self.hear("error")["text"])


@contextmanager
def open_page(client: TestClient, tab: str = TAB) -> Iterator[FakePage]:
    """Open the page of a tab."""
    headers = {"host": HOST, "origin": f"http://{HOST}"}
    with client.websocket_connect(f"/{TOKEN}/socket?tab={tab}", headers=headers) as session:
        yield FakePage(session)


@contextmanager
def start_board(folder: Path, *arguments: str) -> Iterator[RunningBoard]:
    """Run ``gopolicy board`` with some arguments; what it complains of goes to a folder."""
    command = [sys.executable, "-m", "gopolicy", "board", "--no-open", *arguments]
    with (folder / "errors.txt").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout
    with process.stdout:
        yield RunningBoard(process.stdout.readline().strip(), process)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert "Traceback" not in (folder / "errors.txt").read_text()
