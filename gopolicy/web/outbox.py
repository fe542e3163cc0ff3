"""What a tab has to tell its page: of every kind of news only the latest waits."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

_PATIENCE = 30.0
"""Seconds that a page has to take one message."""


class Outbox:
    """News by kind, so that a slow page costs no memory and never sees what is out of date."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, Any]] = {}
        self._news = asyncio.Event()

    def tell(self, kind: str, **values: Any) -> None:
        """Put a message in, instead of one of its kind that still waits."""
        self._waiting.pop(kind, None)
        self._waiting[kind] = {"kind": kind, **values}
        self._news.set()

    async def deliver(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Send what is put in, until canceled; TimeoutError for a page that takes nothing."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                kind = next(iter(self._waiting))
                text = json.dumps(self._waiting.pop(kind), ensure_ascii=False, allow_nan=False)
                safe = text.encode("utf-8", "replace").decode()  # lone surrogates are no text
                async with asyncio.timeout(_PATIENCE):
                    await send(safe)
