"""A real browser for the tests of the page; they are skipped where there is none."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parent.parent / "web" / "node" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE = 60.0
"""Seconds."""
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def open_browser() -> Iterator[Any]:
    """Start Chromium, driven by Playwright, or skip the test by name of what lacks."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="needs Playwright: pip install playwright"
    )
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


class Screen:
    """A page of the board, which must not complain while it is used."""

    def __init__(self, browser: Any, address: str, **settings: Any) -> None:
        settings = {"viewport": {"width": 1280, "height": 860}} | settings
        self.context = browser.new_context(**settings)
        self.complaints: list[str] = []
        self.page = self.watched(self.context.new_page())
        self.open(address)

    def watched(self, page: Any) -> Any:
        """Note what goes wrong on a page."""
        page.set_default_timeout(1000 * PATIENCE)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on("console", self._heard)
        return page

    def open(self, address: str) -> None:
        """Go to the page and wait for the first heat map."""
        self.page.goto(address)
        self.page.wait_for_selector(".answered svg")

    def __enter__(self) -> "Screen":
        return self

    def __exit__(self, *error: object) -> None:
        self.context.close()
        if error[0] is None:
            assert self.complaints == []

    def text(self, selector: str) -> str:
        """Return what stands there."""
        return str(self.page.inner_text(selector))

    def wait_for(self, condition: str) -> None:
        """Wait until a condition in JavaScript holds; the page itself evaluates no text."""
        deadline = time.monotonic() + PATIENCE
        while not self.page.evaluate(condition):
            assert time.monotonic() < deadline, condition
            self.page.wait_for_timeout(30)

    def wait_for_text(self, selector: str, words: str | re.Pattern[str]) -> None:
        """Wait until words stand there."""
        self.page.locator(selector, has_text=words).first.wait_for()

    def point(self, vertex: str) -> Any:
        """Return the control of a point."""
        return self.page.locator(f'.points [data-vertex="{vertex}"]')

    def drop(self, name: str, data: bytes) -> None:
        """Drop a file on the page."""
        transfer = self.page.evaluate_handle(
            """([name, bytes]) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([new Uint8Array(bytes)], name));
                return transfer;
            }""",
            [name, list(data)],
        )
        self.page.dispatch_event("body", "drop", {"dataTransfer": transfer})

    def saved(self) -> bytes:
        """Save the game and return what the browser got."""
        with self.page.expect_download() as waiting:
            self.page.click("#save")
        return Path(waiting.value.path()).read_bytes()

    def violations(self) -> list[str]:
        """Return what axe-core finds serious, by rule and place."""
        if not AXE.is_file():
            pytest.skip("needs axe-core: npm ci in tests/web/node")
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run()")
        return [
            f"{each['id']}: {node['html'][:120]}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)
