"""Draw the pictures of `docs/board.md`: the page of `gopolicy board` in Chromium, by Playwright.

    pip install playwright && apt-get install chromium
    python tools/board_pictures.py docs

writes board-look.png, board-review.png, board-networks.png, board-count.png, board-dark.png and
board-phone.png.
"""

import importlib
import io
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

import gopolicy as gp

GAME = str(gp.samples.SAMPLE_GAME)
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 760}
MOVE = 38


@contextmanager
def open_chromium() -> Iterator[Any]:
    """Start the browser."""
    sync_api = importlib.import_module("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def page_of(browser: Any, *arguments: str, **settings: Any) -> Iterator[Any]:
    """Start a board and open its page."""
    command = [sys.executable, "-m", "gopolicy", "board", "--no-open", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    page = browser.new_page(**{"viewport": WIDE, "device_scale_factor": 1} | settings)
    page.set_default_timeout(120_000)
    try:
        page.goto(process.stdout.readline().strip())
        page.wait_for_selector(".answered svg")
        yield page
    finally:
        page.close()
        process.send_signal(signal.SIGINT)
        process.wait(30)


def save(page: Any, path: Path) -> None:
    """Write what is seen, in few colors; they are mixed where a shade would show steps."""
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(500)
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    colors = image.quantize(256, Image.Quantize.FASTOCTREE)  # keeps the rare ones of a heat map
    image.quantize(palette=colors, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size:,} bytes")


def step(page: Any, moves: int, seconds: float) -> None:
    """Go on in the game, and give the networks time."""
    page.fill("#slider", str(moves))
    page.wait_for_timeout(1000 * seconds)


def play_to_the_count(page: Any) -> None:
    """Play 9x9 with the network's own moves for both, until the stones are counted."""
    page.click("#new")
    page.select_option("[name=size]", "9")
    page.check("[name=hints]")
    page.click("text=Start")
    for _ in range(400):
        page.wait_for_timeout(250)
        if page.locator("#play .primary").count():
            return
        if page.inner_text("#turn") != "Your turn" or not page.locator(".answered svg").count():
            continue
        facts = page.inner_text("#facts")
        number = re.search(r"Move (\d+)", facts)
        best = page.locator("#moves b").first
        late = number is not None and int(number[1]) >= 50
        move = "pass" if late or "pass" in facts else best.inner_text()
        page.fill("#vertex", move)
        page.keyboard.press("Enter")


def draw(browser: Any, folder: Path) -> None:
    """Draw all pictures."""
    with page_of(browser, GAME) as page:
        step(page, MOVE, 20)
        save(page, folder / "board-look.png")
        play_to_the_count(page)
        save(page, folder / "board-count.png")
    with page_of(browser, GAME) as page:
        reviewed = re.compile("of 113 moves.*of 113 moves")
        page.locator("#shares", has_text=reviewed).wait_for(timeout=300_000)
        step(page, 73, 3)
        page.evaluate("document.getElementById('review').scrollIntoView()")
        save(page, folder / "board-review.png")
    with page_of(browser, GAME, color_scheme="dark") as page:
        step(page, 60, 1)
        for vertex in ("C12", "B7"):
            page.fill("#vertex", vertex)
            page.keyboard.press("Enter")
            page.wait_for_timeout(500)
        page.select_option("#layer", "saliency")
        page.wait_for_timeout(20_000)
        page.evaluate("scrollTo(0, 420)")
        save(page, folder / "board-dark.png")
    with page_of(browser, GAME, viewport=PHONE) as page:
        step(page, MOVE, 3)
        page.evaluate("scrollTo(0, 0)")
        save(page, folder / "board-phone.png")
    compared = [f"--weights=compared-{name}" for name in ("alphago", "image", "dense")]
    with page_of(browser, GAME, *compared) as page:
        step(page, MOVE, 3)
        page.evaluate("scrollTo(0, 0)")
        save(page, folder / "board-networks.png")


def main(folder: str) -> None:
    """Draw all pictures into a folder."""
    with open_chromium() as browser:
        draw(browser, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1])
