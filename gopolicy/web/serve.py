"""Runs the board on this machine, for this machine alone."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from gopolicy.errors import GoPolicyError
from gopolicy.sgf.read import MAX_FILE_BYTES
from gopolicy.web.app import Opening, create_app
from gopolicy.web.engines import Engines
from gopolicy.web.guard import new_token

ADDRESS = "127.0.0.1"
MAX_CONNECTIONS = 128
MAX_MESSAGE = MAX_FILE_BYTES + 4096
_HEADER_SECONDS = 10.0
"""What a connection has to say what it wants, and a request to be answered to its end."""


class BoundedProtocol(H11Protocol):
    """HTTP with an end: so many connections, and so long for each request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection for a while, or close it at once if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self.loop.call_later(_HEADER_SECONDS, self._close_if_slow)

    def _close_if_slow(self) -> None:
        if self in self.connections and not self.transport.is_closing():
            self.transport.abort()


def listen(port: int) -> socket.socket:
    """Return a socket on this machine's own address; port 0 takes one that is free."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen(MAX_CONNECTIONS)
    except OSError as error:
        listener.close()
        raise GoPolicyError(f"cannot listen on port {port}: {error.strerror or error}") from error
    return listener


def serve(
    engines: Engines, opening: Opening, listener: socket.socket, ready: Callable[[str], None]
) -> None:
    """Serve until interrupted; ready is called with the address of the page."""
    port = listener.getsockname()[1]
    token = new_token()
    hosts = [f"{ADDRESS}:{port}", f"localhost:{port}"]
    settings: dict[str, Any] = {
        "http": BoundedProtocol,
        "ws": "websockets-sansio",
        "ws_max_size": MAX_MESSAGE,
        "ws_per_message_deflate": False,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 1,
    }
    config = uvicorn.Config(create_app(engines, opening, token, hosts), **settings)
    ready(f"http://{hosts[0]}/{token}/")  # whoever connects now waits for the next line
    uvicorn.Server(config).run(sockets=[listener])
