"""The pages and the socket of the board."""

import asyncio
import contextlib
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from gopolicy.features.planes import plane_set
from gopolicy.sgf.read import MAX_FILE_BYTES
from gopolicy.web.engines import Engines
from gopolicy.web.guard import Guard
from gopolicy.web.tab import Tab

STATIC = Path(__file__).parent / "static"
MAX_TABS = 32
"""Games that are kept, of pages that are open and of those that may come back."""
_TAB = re.compile(r"[A-Za-z0-9-]{16,64}")
_TAKEN, _FULL = 4000, 4001
"""Close codes of our own: the page is open elsewhere; there are too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What every page begins with."""

    data: bytes | None = None
    """An SGF text, if one was handed over."""
    name: str = ""


class Tabs:
    """The tabs by the name that their pages gave themselves; the one not used longest goes."""

    def __init__(self, engines: Engines, opening: Opening) -> None:
        self._engines = engines
        self._opening = opening
        self._tabs: OrderedDict[str, Tab] = OrderedDict()
        self._sockets: dict[str, WebSocket] = {}

    async def enter(self, name: str, socket: WebSocket) -> Tab | None:
        """Return the tab of a page, None if there are too many; an older socket of it is closed."""
        old = self._sockets.pop(name, None)
        if old is not None:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # just closed by its page
                await old.close(_TAKEN)
        if len(self._sockets) >= MAX_TABS:
            return None
        self._sockets[name] = socket
        if name not in self._tabs:
            self._tabs[name] = self._new()
        self._tabs.move_to_end(name)
        for idle in [each for each in self._tabs if each not in self._sockets]:
            if len(self._tabs) > MAX_TABS:
                self._tabs.pop(idle).close()
        return self._tabs[name]

    def leave(self, name: str, socket: WebSocket) -> None:
        """Note that a page is gone; its game waits for it."""
        if self._sockets.get(name) is socket:
            del self._sockets[name]

    def close(self) -> None:
        """Stop everything."""
        for tab in self._tabs.values():
            tab.close()

    def _new(self) -> Tab:
        tab, opening = Tab(self._engines), self._opening
        if opening.data is not None:
            tab.load(opening.data, opening.name)
        return tab


def create_app(engines: Engines, opening: Opening, token: str, hosts: Sequence[str]) -> Starlette:
    """Return the application; hosts are the values of Host that it answers to."""
    tabs = Tabs(engines, opening)

    async def page(request: Request) -> FileResponse:
        return FileResponse(STATIC / "index.html")

    async def socket(websocket: WebSocket) -> None:
        await _talk(websocket, tabs, _hello(engines))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        tabs.close()
        engines.close()

    routes = [
        Route("/", page),
        WebSocketRoute("/socket", socket),
        Mount("/", StaticFiles(directory=STATIC)),
    ]
    return Starlette(
        routes=[Mount(f"/{token}", routes=routes)],
        middleware=[Middleware(Guard, token=token, hosts=hosts)],
        lifespan=lifespan,
    )


def _hello(engines: Engines) -> dict[str, Any]:
    networks = []
    for name, described in zip(engines.names, engines.described, strict=True):
        planes = plane_set(str(described["plane_set"]))
        told = [planes.describe(number) for number in range(planes.count)]
        outcome = bool(described.get("outcome"))
        networks.append({"name": name, "planes": told, "outcome": outcome})
    return {"networks": networks, "largest": MAX_FILE_BYTES}


async def _talk(websocket: WebSocket, tabs: Tabs, hello: dict[str, Any]) -> None:
    await websocket.accept()
    name = websocket.query_params.get("tab", "")
    if not _TAB.fullmatch(name):
        await websocket.close(1008)
        return
    tab = await tabs.enter(name, websocket)
    if tab is None:
        await websocket.close(_FULL)
        return
    tab.outbox.tell("hello", **hello)
    tab.refresh()
    deliver = asyncio.create_task(tab.outbox.deliver(websocket.send_text))
    listen = asyncio.create_task(_listen(websocket, tab))
    try:
        done, _ = await asyncio.wait([deliver, listen], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            with contextlib.suppress(WebSocketDisconnect, TimeoutError, RuntimeError):
                task.result()
    finally:
        deliver.cancel()
        listen.cancel()
        tabs.leave(name, websocket)
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it is closed already
            await websocket.close()


async def _listen(websocket: WebSocket, tab: Tab) -> None:
    while True:
        message = await websocket.receive()
        await asyncio.sleep(0)  # between two of many that wait, other pages get their turn
        if message["type"] == "websocket.disconnect":
            return
        if message.get("text") is not None:
            tab.receive(message["text"])
        elif message.get("bytes") is not None:
            tab.receive_file(message["bytes"])
