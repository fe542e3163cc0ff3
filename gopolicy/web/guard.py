"""Who may talk to the board: only pages that it gave out itself, to whoever knows the token."""

import re
import secrets
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The content security policy: nothing but files of our own, and no exceptions."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TOKEN = re.compile(r"/([A-Za-z0-9_-]{8,64})/")


def new_token() -> str:
    """Return what makes an address one that nobody can guess."""
    return secrets.token_urlsafe(18)


class Guard:
    """Turns away requests with a wrong token, Host or Origin, before anything reads them.

    The Host is checked because a name of a stranger's may lead to this machine (DNS rebinding), the
    Origin because any page may open a WebSocket to any address.
    """

    def __init__(self, app: ASGIApp, token: str, hosts: Collection[str]) -> None:
        self._app = app
        self._token = token
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, with_headers)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})
        else:
            await PlainTextResponse(refusal[1] + "\n", refusal[0])(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return the status and the reason of a refusal, None for a request that is welcome."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 403, "This is the board of another address."
        origin = headers.get("origin")
        wanted = f"http://{hosts[0].lower()}"
        if origin != wanted and (origin is not None or scope["type"] == "websocket"):
            return 403, "Only the board's own page may ask this."
        match = _TOKEN.match(scope["path"])
        if match is None or not secrets.compare_digest(match[1], self._token):
            return 404, "Open the whole address that gopolicy board printed."
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            return 405, "There is nothing to send here."
        return None
