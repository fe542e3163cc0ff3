"""The page in a real browser: looking, playing, reviewing, by hand, by keyboard, on a phone."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference.tiny_games import random_record
from reference.web_browser import Screen, open_browser
from reference.web_client import RunningBoard, start_board

from gopolicy.go.board import Board
from gopolicy.go.types import Point
from gopolicy.sgf.read import read_game
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.tree import read_trees
from gopolicy.sgf.write import write_game

HOSTILE = "<img src=x onerror=alert(1)></p><script>alert(2)</script>\"'&"
PLY = "Number(/Move (\\d+)/.exec(document.getElementById('facts').textContent)?.[1] ?? 0)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as found:
        yield found


@pytest.fixture
def screen(browser: Any, running: RunningBoard) -> Iterator[Screen]:
    with Screen(browser, running.address) as found:
        yield found


def long_game(moves: int) -> bytes:
    """Return a legal game of so many random moves as SGF."""
    board, dice = Board(19), np.random.default_rng(1)
    for _ in range(moves):
        board.play(Point(int(dice.choice(np.flatnonzero(board.legal_mask())))))
    return write_game(GameRecord(size=19, events=board.events, black="Long", white="Game"))


def test_the_heat_map_and_the_list_are_there_at_once(screen: Screen) -> None:
    assert screen.page.locator(".stage .heat rect").count() > 10
    assert screen.page.locator("#moves li").count() == 8
    assert screen.text("#turn") == "Black to play"
    first = screen.page.locator("#moves button").first
    assert re.fullmatch(r"Play [A-T]\d+, [\d.]+ %", first.get_attribute("aria-label"))


def test_a_whole_game_to_its_count(screen: Screen) -> None:
    page = screen.page
    page.click("#new")
    page.select_option("[name=size]", "9")
    page.check("[name=hints]")
    page.click("text=Start")
    screen.wait_for_text("#turn", "Your turn")
    page.wait_for_selector(".answered svg .heat")
    for _ in range(90):
        before = int(page.evaluate(PLY))
        candidate = page.locator("#moves button").first
        passing = before >= 50 or "pass" in screen.text("#facts")
        if passing:
            page.click("#play >> text=Pass")
        else:
            screen.point(str(candidate.locator("b").inner_text())).click()
        screen.wait_for(
            f"document.querySelector('#play .primary') || {PLY} > {before + 1}"
            " && document.getElementById('turn').textContent === 'Your turn'"
            " && document.querySelector('.answered svg')"
        )
        if page.locator("#play .primary").count():
            break
    page.wait_for_selector("#play .primary")
    counted = screen.text("#turn")
    assert counted.startswith("Counted: ")
    stone = page.locator('.points [data-color="1"], .points [data-color="2"]').first
    dead = "dead" in stone.get_attribute("aria-label")
    stone.click()
    name = "[aria-label*=dead]" if not dead else ":not([aria-label*=dead])"
    page.locator(f'.points [data-vertex="{stone.get_attribute("data-vertex")}"]{name}').wait_for()
    stone.click()
    screen.wait_for_text("#turn", counted)
    page.click("text=Accept the count")
    screen.wait_for_text("#turn", re.compile("^(Black|White) wins by"))
    record = read_game(screen.saved())
    assert record.size == 9
    assert record.result[1] == "+"
    assert record.moves > 20


def test_stepping_through_a_long_game(screen: Screen) -> None:
    page = screen.page
    screen.drop("long.sgf", long_game(300))
    screen.wait_for_text("#title", "Long")
    page.locator("body").press("End")
    screen.wait_for_text("#facts", "Move 300:")
    page.locator("body").press("Home")
    screen.wait_for_text("#facts", "No move yet")
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    screen.wait_for_text("#facts", "Move 40:")
    page.keyboard.press("ArrowLeft")
    screen.wait_for_text("#facts", "Move 39:")
    screen.point("K10").hover()
    page.mouse.wheel(0, 120)
    screen.wait_for_text("#facts", "Move 40:")
    page.fill("#slider", "150")
    screen.wait_for_text("#facts", "Move 150:")
    screen.wait_for_text("#shares", re.compile("of 150 moves.*of 150 moves"))  # all are in the list
    number = re.match(r"\d+", screen.text("#surprising button >> nth=0"))
    page.locator("#surprising button").first.click()
    assert number is not None
    screen.wait_for_text("#facts", f"Move {number[0]}:")


def test_what_stayed_on_the_board_while_stepping_is_what_a_new_page_draws(screen: Screen) -> None:
    page = screen.page
    screen.drop("long.sgf", long_game(120))
    screen.wait_for_text("#title", "Long")
    drawn = "document.querySelector('.stage svg').outerHTML"
    for moves, layer, seen in (
        (90, "ladders", "document.getElementById('note').textContent.includes('ladder')"),
        (60, "moves", "document.querySelector('.answered svg .heat')"),
        (61, "nothing", "document.getElementById('moves').hidden"),
        (30, "moves", "document.querySelector('.answered svg .heat')"),
    ):
        page.fill("#slider", str(moves))
        screen.wait_for_text("#facts", f"Move {moves}:")
        page.select_option("#layer", layer)
        screen.wait_for(seen)
    kept = page.evaluate(drawn)
    page.reload()
    page.wait_for_selector(".answered svg .heat")
    assert page.evaluate(drawn) == kept


def test_a_shift_jis_file_is_dropped_edited_and_saved(screen: Screen) -> None:
    text = "(;SZ[9]PB[山下]PW[張栩]C[ソ表 本因坊];B[ee](;W[cc])(;W[gg]C[変化]))"
    screen.drop("kifu.sgf", text.encode("cp932"))
    screen.wait_for_text("#title", "山下")
    page = screen.page
    assert page.input_value("#comment") == "ソ表 本因坊"
    page.locator("body").press("ArrowRight")
    screen.wait_for_text("#branches", "G3")
    page.click("#branches >> text=G3")
    screen.wait_for("document.getElementById('comment').value === '変化'")
    page.fill("#comment", "変化 with words")
    screen.point("D4").click()
    screen.wait_for_text("#facts", "Move 3:")
    (tree,), _ = read_trees(screen.saved(), "saved")
    kept = [node.text("C") for node in tree.nodes.values()]
    assert kept == ["ソ表 本因坊", "", "", "変化 with words", ""]
    assert tree.root.line("PB") == "山下"


def test_a_comment_stays_with_its_file(screen: Screen) -> None:
    screen.drop("a.sgf", b"(;SZ[9]PB[Aiko]C[about A];B[ee])")
    screen.wait_for_text("#title", "Aiko")
    screen.page.click("#comment")
    screen.page.keyboard.press("End")
    screen.page.keyboard.type(" and more")
    screen.drop("b.sgf", b"(;SZ[9]PB[Benkei]C[about B];B[dd])")
    screen.wait_for_text("#title", "Benkei")
    screen.wait_for("document.getElementById('comment').value === 'about B'")
    screen.page.locator("body").press("ArrowRight")
    screen.page.click('[data-step="1"]')
    (tree,), _ = read_trees(screen.saved(), "saved")
    assert tree.root.text("C") == "about B"


def test_a_file_that_is_too_large_is_named(screen: Screen) -> None:
    screen.drop("huge.sgf", b"(;SZ[9]C[" + b"x" * (9 << 20) + b"])")
    screen.wait_for_text("#error", "huge.sgf: too large: more than 8,388,608 bytes.")


def test_who_watches_can_take_back_nothing(screen: Screen) -> None:
    screen.page.click("#new")
    screen.page.select_option("[name=size]", "9")
    screen.page.select_option("[name=color]", "none")
    screen.page.click("text=Start")
    screen.wait_for(f"{PLY} > 1")
    assert [b.inner_text() for b in screen.page.locator("#play button").all()] == [
        "Resign",
        "Count",
    ]


def test_a_hostile_file_is_text_and_nothing_else(screen: Screen) -> None:
    escaped = HOSTILE.replace("]", "\\]")
    marks = f"LB[ee:{escaped[:3]}]TR[cc]C[{escaped}]"
    screen.drop(HOSTILE, f"(;SZ[9]PB[{escaped}]EV[{escaped}]{marks};B[ee]C[{escaped}])".encode())
    screen.wait_for_text("#title", "<img src=x")
    screen.page.keyboard.press("ArrowRight")
    screen.wait_for_text("#facts", "Move 1:")
    assert screen.page.input_value("#comment") == HOSTILE
    assert screen.page.locator("#title img, #title script, svg script, svg img").count() == 0
    screen.drop(HOSTILE, b"(;SZ[9];B[" + HOSTILE.encode() + b"])")
    screen.wait_for_text("#error", "B[<img src=x onerror")


def test_the_page_of_a_hostile_review_runs_no_script_of_the_file(
    screen: Screen, tmp_path: Path
) -> None:
    text = f"{HOSTILE}<!--</title></style>".replace("]", "\\]")
    names = "".join(f"{name}[{text}]" for name in ("PB", "PW", "BR", "DT", "EV", "RE", "RU"))
    screen.drop(f"{HOSTILE}.sgf", f"(;SZ[19]{names}C[{text}];B[pd]C[{text}];W[dd])".encode())
    screen.wait_for_text("#shares", re.compile("of 1 moves.*of 1 moves"))
    with screen.page.expect_download() as waiting:
        screen.page.click("#page")
    path = tmp_path / "review.html"
    waiting.value.save_as(path)
    page = screen.watched(screen.context.new_page())
    page.goto(path.as_uri())
    assert page.inner_text("#comment") == text
    page.keyboard.press("End")
    page.locator("#move", has_text="White D16").wait_for()
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2  # the figures and our own
    assert page.title().startswith("<img")


def test_every_choice_of_what_is_shown_works(screen: Screen) -> None:
    screen.drop("ladder.sgf", b"(;SZ[9]AB[dc][cd][fd][ce]AW[dd]PL[B])")
    screen.wait_for("document.querySelectorAll('.points button').length === 81")
    for layer, words in {
        "ownership": "random games",
        "ladders": "(C) captures in a ladder",
        "saliency": "speak for",
        "plane": "stone color",
        "activation": "channel 0",
    }.items():
        screen.page.select_option("#layer", layer)
        screen.wait_for_text("#note", words)
    screen.page.fill("#channel", "2")
    screen.page.keyboard.press("Enter")
    screen.wait_for_text("#note", "channel 2")
    screen.page.select_option("#layer", "plane")
    screen.page.select_option("#part", "12")
    screen.wait_for_text("#note", "Plane 12")


def test_three_networks_stand_side_by_side(
    browser: Any, tiny_weights: Path, tmp_path: Path
) -> None:
    several = ["--weights", str(tiny_weights)] * 3
    with (
        start_board(tmp_path, *several) as board,
        Screen(browser, board.address, viewport={"width": 1500, "height": 900}) as screen,
    ):
        boxes = [each.bounding_box() for each in screen.page.locator(".stage").all()]
        assert len(boxes) == 3
        assert len({round(box["y"]) for box in boxes}) == 1
        assert screen.page.locator("figure .moves").count() == 3
        third = boxes[2]
        middle = (third["x"] + third["width"] / 2, third["y"] + third["height"] / 2)
        screen.page.mouse.click(*middle)
        screen.wait_for_text("#facts", "Black K10")


@pytest.mark.parametrize("width", [360, 768, 1280, 3840])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_is_accessible(
    browser: Any, running: RunningBoard, width: int, scheme: str
) -> None:
    look = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    with Screen(browser, running.address, **look) as screen:
        page = screen.page
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert screen.violations() == []
        page.click("#new")
        assert screen.violations() == []


@pytest.mark.parametrize("wish", [{"forced_colors": "active"}, {"reduced_motion": "reduce"}])
def test_what_the_system_asks_for_is_respected(
    browser: Any, running: RunningBoard, wish: dict[str, str]
) -> None:
    with Screen(browser, running.address, **wish) as screen:
        assert screen.violations() == []
        moving = "getComputedStyle(document.querySelector('.answered svg .heat')).animationName"
        if "reduced_motion" in wish:
            assert screen.page.evaluate(moving) == "none"


def test_a_network_that_knows_who_wins_shows_what_moves_cost(
    browser: Any, outcome_weights: Path, tmp_path: Path
) -> None:
    (tmp_path / "game.sgf").write_bytes(write_game(random_record(7, moves=60)))
    command = ["--weights", str(outcome_weights), str(tmp_path / "game.sgf")]
    with start_board(tmp_path, *command) as board, Screen(browser, board.address) as screen:
        page = screen.page
        screen.wait_for_text("#costly", "points")
        page.focus("#costly button")
        screen.wait_for("document.querySelectorAll('#graph .white').length >= 25")
        assert page.locator("#outcome .wins, #outcome .lead").count() == 3
        assert page.locator("#unknown").is_hidden()
        assert page.evaluate("document.activeElement.closest('#costly') !== null")
        move = re.match(r"\d+", page.evaluate("document.activeElement.textContent"))
        assert move is not None
        page.keyboard.press("Enter")
        screen.wait_for_text("#facts", f"Move {move[0]}:")
        box = page.locator("#outcome").bounding_box()
        page.mouse.click(box["x"] + box["width"] - 2, box["y"] + 9)
        screen.wait_for_text("#facts", "Move 60:")
        for scheme, contrast in product(("light", "dark"), ("no-preference", "more")):
            page.emulate_media(color_scheme=scheme, contrast=contrast)
            assert screen.violations() == []
        page.set_viewport_size({"width": 360, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.click("#new")
        page.fill("[name=look_ahead]", "6")
        page.click("text=Start")
        screen.wait_for_text("#turn", "Your turn")
        screen.point("E5").click()
        screen.wait_for(f"{PLY} === 2")


def test_a_network_that_knows_moves_alone_says_what_lacks(screen: Screen) -> None:
    screen.drop("long.sgf", long_game(20))
    screen.wait_for_text("#unknown", "knows who wins")
    assert screen.page.locator("#outcome").is_hidden()
    assert screen.page.locator("#costly").is_hidden()
    screen.page.click("#new")
    assert screen.page.locator("[name=look_ahead]").is_disabled()
    screen.wait_for_text("#ahead", "takes a network that knows who wins")


def test_all_of_it_by_keyboard(screen: Screen) -> None:
    page = screen.page
    page.focus("#new")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("9")
    page.focus("[value=start]")
    page.keyboard.press("Enter")
    screen.wait_for("document.querySelectorAll('.points button').length === 81")
    page.focus('.points [tabindex="0"]')
    assert page.evaluate("document.activeElement.dataset.vertex") == "E5"
    for key in ("ArrowUp", "ArrowLeft", "Home", "PageDown", "End"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.ariaLabel") == "J1, empty"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    screen.wait_for(f"{PLY} === 2")
    assert screen.point("J2").get_attribute("aria-label").startswith("J2, black")
    assert page.locator('.points [aria-label*="white, last move"]').count() == 1
    screen.wait_for("document.getElementById('announce').textContent.includes('White plays')")
    page.locator("body").press("c")  # a letter goes to the field for a vertex
    taken = "empty" not in screen.point("C3").get_attribute("aria-label")
    page.keyboard.type("4" if taken else "3")
    page.keyboard.press("Enter")
    screen.wait_for(f"{PLY} === 4")
    page.fill("#vertex", "pass")
    page.keyboard.press("Enter")
    screen.wait_for(f"{PLY} >= 5 || document.querySelector('#play .primary')")
    page.fill("#vertex", "z99")
    page.keyboard.press("Enter")
    page.wait_for_selector("#error button")


def test_a_whole_review_by_keyboard(browser: Any, outcome_weights: Path, tmp_path: Path) -> None:
    (tmp_path / "game.sgf").write_bytes(write_game(random_record(7, moves=60)))
    command = ["--weights", str(outcome_weights), str(tmp_path / "game.sgf")]
    with start_board(tmp_path, *command) as board, Screen(browser, board.address) as screen:
        page = screen.page

        def tab_to(selector: str, key: str = "Tab") -> None:
            for _ in range(100):
                if page.evaluate(f"document.activeElement.matches('{selector}')"):
                    return
                page.keyboard.press(key)
            pytest.fail(f"no way to {selector} by {key}")

        screen.wait_for_text("#costly", "points")
        screen.wait_for("document.querySelectorAll('#surprising button').length === 10")
        tab_to("#costly button")
        move = re.match(r"\d+", page.evaluate("document.activeElement.textContent"))
        assert move is not None
        page.keyboard.press("Enter")
        screen.wait_for_text("#facts", f"Move {move[0]}:")
        tab_to("#page")
        with page.expect_download() as waiting:
            page.keyboard.press("Enter")
        assert "Moves that lost most" in Path(waiting.value.path()).read_text("utf-8")
        tab_to("#tree")
        page.keyboard.press("Home")
        screen.wait_for_text("#facts", "No move yet")
        page.keyboard.press("ArrowRight")
        screen.wait_for_text("#facts", "Move 1:")
        tab_to("#comment")
        page.keyboard.type("why?")
        tab_to("#save", "Shift+Tab")
        with page.expect_download() as waiting:
            page.keyboard.press("Enter")
        assert b"C[why?]" in Path(waiting.value.path()).read_bytes()


def test_a_lost_connection_is_told_and_comes_back(browser: Any, running: RunningBoard) -> None:
    with Screen(browser, running.address) as screen:
        sockets: list[Any] = []

        def connect(socket: Any) -> None:
            sockets.append(socket)
            if len(sockets) != 2:
                socket.connect_to_server()
            else:
                socket.close()

        screen.page.route_web_socket(re.compile("/socket"), connect)
        screen.page.reload()
        screen.page.wait_for_selector(".answered svg")
        screen.point("D4").click()
        screen.wait_for_text("#facts", "Black D4")
        screen.page.evaluate(
            """() => {
                const link = document.getElementById("link");
                window.told = [];
                const note = () => window.told.push(link.textContent);
                new MutationObserver(note).observe(link, { childList: true });
            }"""
        )
        sockets[0].close()
        while len(sockets) < 3:  # the second was closed at once
            screen.page.wait_for_timeout(30)
        screen.wait_for("document.getElementById('link').textContent === ''")
        assert any("connection is lost" in text for text in screen.page.evaluate("told"))
        screen.point("Q16").click()
        screen.wait_for_text("#facts", "White Q16")


def test_two_tabs_and_a_copy_do_not_disturb_each_other(browser: Any, running: RunningBoard) -> None:
    with Screen(browser, running.address) as screen:
        screen.point("D4").click()
        screen.wait_for_text("#facts", "Black D4")
        with screen.context.expect_page() as opened:  # gets a copy of what the tab has stored
            screen.page.evaluate("open(location.href)")
        other = screen.watched(opened.value)
        other.wait_for_selector(".answered svg")
        other.locator('.points [data-vertex="Q16"]').click()
        other.locator("#facts", has_text="Black Q16").wait_for()
        screen.page.bring_to_front()
        screen.point("C16").click()
        screen.wait_for_text("#facts", "White C16")
        assert "C16" not in other.inner_text("#facts")
        screen.page.reload()
        screen.wait_for_text("#facts", "White C16")


def test_nothing_is_asked_of_other_machines(browser: Any, running: RunningBoard) -> None:
    with Screen(browser, running.address) as screen:
        asked: list[str] = []
        screen.page.on("request", lambda request: asked.append(request.url))
        screen.page.reload()
        screen.page.wait_for_selector(".answered svg")
        assert len(asked) > 8
        assert [url for url in asked if not url.startswith(running.address)] == []
