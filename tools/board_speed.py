"""Measure the page of `gopolicy board` in Chromium: first paint, heat map, a key held down.

    pip install playwright && apt-get install chromium
    python tools/board_speed.py

The frames of an idle page are the machine's own limit: compare with those, not with 60.
"""

import statistics
import sys
from typing import Any

from board_pictures import GAME, open_chromium, page_of

ROUNDS, SECONDS = 3, 4
IDLE = """seconds => new Promise((done) => {
    let frames = 0;
    const begun = performance.now(), more = (now) => {
        if (now - begun > 1000 * seconds) return done(1000 * frames / (now - begun));
        frames += 1;
        return requestAnimationFrame(more);
    };
    requestAnimationFrame(more);
})"""
HELD = """seconds => new Promise((done) => {
    let frames = 0, shown = 0, key = "ArrowRight", last = 0;
    const begun = performance.now(), slider = document.getElementById("slider");
    const more = (now) => {
        const spent = now - begun, at = Number(slider.value);
        frames += 1;
        shown += at !== last;
        last = at;
        if (spent > 1000 * seconds) return done([1000 * frames / spent, 1000 * shown / spent]);
        if (at >= Number(slider.max)) key = "ArrowLeft";
        else if (at === 0) key = "ArrowRight";
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        return requestAnimationFrame(more);
    };
    requestAnimationFrame(more);
})"""
LOOK = """() => new Promise((done) => {
    const begun = performance.now(), stage = document.querySelector(".stage");
    const seen = new MutationObserver(() => {
        if (!stage.classList.contains("answered")) return;
        seen.disconnect();
        done(performance.now() - begun);
    });
    stage.classList.remove("answered");
    seen.observe(stage, { attributes: true, childList: true });
    document.querySelector("[data-step='1']").click();
})"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
COSTS = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")


def costs(session: Any) -> dict[str, float]:
    """Return what the page has cost so far, in seconds."""
    found = session.send("Performance.getMetrics")["metrics"]
    return {each["name"]: each["value"] for each in found if each["name"] in COSTS}


def measure(page: Any) -> None:
    """Print the figures of one page."""
    page.reload()
    page.wait_for_selector(".answered svg")
    print(f"first paint, warm cache: {page.evaluate(PAINT):.0f} ms")
    looks = []
    for _ in range(15):
        looks.append(page.evaluate(LOOK))
        page.wait_for_timeout(200)
    print(f"step to heat map: median {statistics.median(looks):.0f} ms, most {max(looks):.0f} ms")
    page.wait_for_timeout(15_000)  # until every move of the game has been looked at
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for _ in range(ROUNDS):
        idle = page.evaluate(IDLE, SECONDS)
        before = costs(session)
        frames, shown = page.evaluate(HELD, SECONDS)
        spent = {name: value - before[name] for name, value in costs(session).items()}
        each = ", ".join(
            f"{name.removesuffix('Duration')} {1000 * value / (shown * SECONDS):.1f}"
            for name, value in spent.items()
        )
        print(
            f"frames a second: idle {idle:.0f}, key held {frames:.0f}; positions a second "
            f"{shown:.0f}; ms of the page for each: {each}"
        )


def main(arguments: list[str]) -> None:
    """Measure a board with the given arguments."""
    with open_chromium() as browser, page_of(browser, *(arguments or [GAME])) as page:
        measure(page)


if __name__ == "__main__":
    main(sys.argv[1:])
