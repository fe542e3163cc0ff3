"""What a page asks for, and what it is told: looking, walking, editing, playing, counting."""

import asyncio
import json
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from reference.tiny_games import random_record
from reference.web_client import FakePage, News, open_page
from starlette.testclient import TestClient

import gopolicy as gp
from gopolicy.policy.game_review import review_game
from gopolicy.sgf.positions import position_before
from gopolicy.sgf.read import read_game
from gopolicy.sgf.tree import read_trees
from gopolicy.sgf.write import write_game
from gopolicy.web.engines import Engines
from gopolicy.web.line_review import LineReview
from gopolicy.web.walk import Walk

SVG = "{http://www.w3.org/2000/svg}"
TABS = (f"the-tab-of-some-test-{number}" for number in count())
HOSTILE = "<img src=x onerror=alert(1)></title><script>alert(2)</script>&\u202e\x00"


@pytest.fixture
def page(client: TestClient) -> Iterator[FakePage]:
    with open_page(client, next(TABS)) as found:
        found.hear("look")
        yield found


def kinds(svg: str) -> set[str]:
    """Return the classes of the groups of a board."""
    return {str(group.get("class")) for group in ET.fromstring(svg).iter(f"{SVG}g")}


def test_the_heat_map_is_on_when_the_page_opens(client: TestClient) -> None:
    with open_page(client, next(TABS)) as page:
        (network,) = page.hear("look")["networks"]
        assert "heat faint" in kinds(network["svg"])  # a network of random weights
        shares = [move["share"] for move in network["moves"]]
        assert shares == sorted(shares, reverse=True)
        assert len(shares) == 8
        assert page.seen["position"]["stones"] == "." * 81
        assert page.seen["game"]["PB"] == "Kuroki"
        assert page.seen["hello"]["networks"][0]["name"] == "tiny"
        assert len(page.seen["hello"]["networks"][0]["planes"]) == 48


def test_stepping_goes_along_the_first_children_and_back(page: FakePage) -> None:
    page.ask("step", by=3)
    position = page.hear("position")
    assert (position["number"], position["last"], position["comment"]) == (3, "G7", "first remark")
    page.ask("step", by=-2)
    assert page.hear("position")["last"] == "E5"
    page.ask("step", by=1000)
    assert page.hear("position")["number"] == 5
    page.ask("go", node=0)
    assert page.hear("position")["number"] == 0


def test_the_look_tells_what_was_played(page: FakePage) -> None:
    page.ask("step", by=1)
    look = page.hear("look", lambda news: news["node"] == 1)
    assert look["networks"][0]["played"]["vertex"] == "C7"


def test_a_move_becomes_a_variation_and_is_not_doubled(page: FakePage) -> None:
    page.ask("step", by=1)
    page.hear("position")
    before = len(page.seen["tree"]["rows"])
    page.ask("play", vertex="g3")
    added = page.hear("position", lambda news: news["last"] == "G3")["node"]
    assert len(page.seen["tree"]["rows"]) == before + 1
    assert [added, 1, 2, "G3", 0] in page.seen["tree"]["rows"]
    page.ask("step", by=-1)
    page.hear("position")
    page.ask("play", vertex="G3")
    assert page.hear("position", lambda news: news["last"] == "G3")["node"] == added
    page.ask("remove")
    page.hear("position")
    assert len(page.seen["tree"]["rows"]) == before


def test_comments_are_shown_changed_and_kept(page: FakePage) -> None:
    page.ask("comment", node=2, text=f"new ] \\ {HOSTILE} 本因坊")
    page.hear("tree")
    page.ask("save", form="save")
    saved = page.hear("file")
    (tree,), remarks = read_trees(saved["text"].encode(), "saved")
    assert remarks == []
    texts = [node.text("C") for node in tree.nodes.values() if "C" in node.properties]
    assert "first remark" in texts
    assert "instead" in texts
    assert any(text.startswith("new ] \\ <img") and text.endswith("本因坊") for text in texts)
    assert tree.root.line("RE") == "W+R"


def test_files_in_any_encoding_open(page: FakePage) -> None:
    text = "(;SZ[9]PB[山下]PW[張]C[ソ表 本因坊];B[ee]C[黒の手])"
    page.hand_over("s.sgf", text.encode("cp932"))
    assert page.hear("game", lambda news: news["file"] == "s.sgf")["PB"] == "山下"
    assert page.hear("position")["comment"] == "ソ表 本因坊"


def test_a_file_that_is_none_is_told_and_changes_nothing(page: FakePage) -> None:
    page.hand_over("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert "no SGF game" in page.hear("error")["text"]
    page.ask("step", by=1)
    assert page.hear("position")["last"] == "E5"


def test_names_and_comments_are_data(page: FakePage) -> None:
    page.hand_over(HOSTILE, f"(;SZ[9]PB[{HOSTILE}]LB[ee:<b>]C[{HOSTILE}];B[ee])".encode())
    game = page.hear("game", lambda news: news["file"] == HOSTILE)
    assert game["PB"].startswith("<img src=x")
    root = ET.fromstring(page.hear("position")["svg"])
    assert list(root.iter(f"{SVG}script")) == []
    assert "<b>" in "".join(root.itertext())


def test_several_games_are_listed(page: FakePage) -> None:
    page.hand_over("two.sgf", b"(;SZ[9]PB[one];B[ee])(;SZ[13]PB[two];B[gg])")
    game = page.hear("game", lambda news: len(news["games"]) == 2)
    assert game["PB"] == "one"
    page.ask("game", number=1)
    assert page.hear("game", lambda news: news["game"] == 1)["size"] == 13
    page.ask("save", form="save")
    trees, _ = read_trees(page.hear("file")["text"].encode(), "saved")
    assert [tree.size for tree in trees] == [9, 13]


@pytest.mark.parametrize(
    ("layer", "group", "words"),
    [
        ("ownership", "owners", "random games"),
        ("plane", "weights", "stone color"),
        ("saliency", "weights", "speak for"),
        ("activation", "weights", "channel 0 of 4"),
        ("ladders", "stones", "ladder"),
        ("nothing", "stones", ""),
    ],
)
def test_every_layer_is_drawn_and_explained(
    page: FakePage, layer: str, group: str, words: str
) -> None:
    page.ask("step", by=4)
    page.hear("position")
    page.ask("show", layer=layer)
    (network,) = page.hear("look", lambda news: news["layer"] == layer)["networks"]
    assert group in kinds(network["svg"])
    assert words in network["note"]


def test_a_ladder_is_found(page: FakePage) -> None:
    stones = b"AB[dc][cd][fd][ce]AW[dd]"  # White's stone has two liberties, E6 and D5
    page.hand_over("ladder.sgf", b"(;SZ[9]" + stones + b"PL[B])")
    page.hear("game", lambda news: news["file"] == "ladder.sgf")
    page.ask("show", layer="ladders")
    (network,) = page.hear("look", lambda news: news["layer"] == "ladders")["networks"]
    assert network["note"] == "Black to move: E6, D5 (C) captures in a ladder."
    labels = [text.text for text in ET.fromstring(network["svg"]).iter(f"{SVG}text")]
    assert labels.count("C") == 4  # beside the two coordinates


def test_the_agreement_with_a_game_is_told(page: FakePage) -> None:
    graph = page.seen.get("graph") or {}
    if not graph.get("done"):
        graph = page.hear("graph", lambda news: news["done"])
    assert [move["played"] for move in graph["moves"]] == ["E5", "C7", "G7", "C3", "G3"]
    assert [move["number"] for move in graph["moves"]] == [1, 2, 3, 4, 5]
    assert all(0 <= move["probability"] <= 1 for move in graph["moves"])
    assert all(move["black_win_rate"] is None for move in graph["moves"])
    assert graph["costly"] == graph["turning"] == []


def test_what_moves_cost_is_told_along_variations_too(
    knowing: TestClient, outcome_weights: Path
) -> None:
    record = random_record(3, moves=40)
    expected = review_game(gp.load(outcome_weights), record)
    with open_page(knowing, next(TABS)) as page:
        page.hear("look")
        page.hand_over("game.sgf", write_game(record))
        graph = page.hear("graph", lambda news: news["done"] and len(news["moves"]) == 40)
        for one, other in zip(graph["moves"], [each.facts(9) for each in expected], strict=True):
            assert (one["number"], one["played"]) == (other["number"], other["played"])
            assert one["probability"] == pytest.approx(other["probability"], abs=1e-3)
            assert one["black_win_rate"] == pytest.approx(other["black_win_rate"], abs=0.02)
        lost = {move["number"]: move["win_rate_lost"] or 0.0 for move in graph["moves"]}
        assert len(graph["costly"]) == 10
        assert [lost[number] for number in graph["costly"]] == sorted(lost.values())[:-11:-1]
        page.ask("go", node=20)
        page.ask("play", vertex="pass")
        other = page.hear("graph", lambda news: news["done"] and len(news["moves"]) == 21)
        assert other["moves"][:20] == graph["moves"][:20]
        assert other["moves"][20]["probability"] is None


def test_the_page_of_a_review_has_the_figures_of_the_main_line(
    knowing: TestClient, outcome_weights: Path
) -> None:
    record = random_record(4, moves=12)
    expected = review_game(gp.load(outcome_weights), record)
    with open_page(knowing, next(TABS)) as page:
        page.hand_over("a game.sgf", write_game(record))
        page.hear("game", lambda news: news["file"] == "a game.sgf")
        page.ask("step", by=3)
        page.ask("play", vertex="pass")  # a variation
        page.ask("save", form="page")
        saved = page.hear("file")
    assert saved["name"] == "a game-review.html"
    data = re.search('<script type="application/json" id="data">(.*?)</script>', saved["text"])
    assert data is not None
    told = json.loads(data[1])
    assert [move["played"] for move in told["moves"]] == [
        each.facts(9)["played"] for each in expected
    ]
    for one, other in zip(told["moves"], expected, strict=True):
        assert one["probability"] == pytest.approx(other.share, abs=1e-3)
        assert one["points_lost"] == pytest.approx(other.points_lost, abs=0.2)
    assert [node["vertex"] for node in told["nodes"] if not node["main"]] == ["pass"]


def test_a_line_of_moves_that_cannot_be_reviewed_lets_others_have_their_turn() -> None:
    (tree,), _ = read_trees(b"(;SZ[9]" + b";B[aa]" * 200 + b")", "again and again")
    line = tree.line_through(tree.root)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def look() -> None:
        waiting = asyncio.create_task(others())
        seen = [each async for each in LineReview(tree).look_at(line[2:], Engines([]))]
        waiting.cancel()
        assert seen == []

    asyncio.run(look())
    assert turns >= len(line) - 2


def test_a_game_with_a_move_against_the_rules_gets_no_page(page: FakePage) -> None:
    page.hand_over("odd.sgf", b"(;SZ[9];B[aa];W[aa];B[cc])")
    page.hear("game", lambda news: news["file"] == "odd.sgf")
    assert page.refused("save", form="page").startswith("No page: ")


def test_suicide_is_a_move_where_the_rules_of_the_record_say_so() -> None:
    text = b"(;SZ[5]RU[NZ]AW[ab][bb][ca];B[ba];W[ee];B[aa];W[dd];B[])"
    for data in (text, text.replace(b"NZ", b"Chinese")):
        (tree,), _ = read_trees(data, "game")
        walk, line = Walk(tree), tree.line_through(tree.root)
        for node in line:
            walk.go(node)
        record = read_game(data)
        if b"NZ" in data:
            assert np.array_equal(walk.board.stones, position_before(record).board.stones)
            assert [walk.remark] == [""]
        walk.go(line[3])
        assert bool(walk.remark) == (b"Chinese" in data)


def test_a_move_against_the_rules_has_no_figures_and_the_others_do(page: FakePage) -> None:
    page.hand_over("odd.sgf", b"(;SZ[9];B[aa];W[aa];B[cc])")
    graph = page.hear("graph", lambda news: news["moves"] and news["moves"][0]["played"] == "A9")
    assert [move["played"] for move in graph["moves"]] == ["A9", "C7"]


NEW = {
    "size": 9,
    "color": "black",
    "handicap": 0,
    "komi": 6.5,
    "rules": "Chinese",
    "temperature": 0,
    "hints": False,
}


def begin(page: FakePage, **changes: object) -> News:
    page.ask("new", **NEW | changes)
    return page.hear("phase", lambda news: news["playing"])


def test_the_network_answers_a_move(page: FakePage) -> None:
    begin(page)
    page.ask("play", vertex="E5")
    page.hear("position", lambda news: news["number"] == 2)
    assert page.seen["position"]["stones"].count("O") == 1
    page.ask("undo")
    assert page.hear("position", lambda news: news["number"] == 0)["stones"] == "." * 81


def test_the_network_looks_ahead_where_it_knows_who_wins(
    knowing: TestClient, outcome_weights: Path, page: FakePage
) -> None:
    board = gp.Board(9)
    board.komi = 6.5
    board.play("E5")
    policy = gp.load(outcome_weights)
    plain, far = (gp.Player(policy, look_ahead=count).choose(board).vertex for count in (0, 40))
    assert plain != far  # or this test would tell nothing
    with open_page(knowing, next(TABS)) as other:
        assert other.hear("hello")["networks"][0]["outcome"]
        for count, answer in ((0, plain), (40, far)):
            begin(other, look_ahead=count)
            other.ask("play", vertex="E5")
            other.hear("position", lambda news: news["number"] == 2)
            assert other.seen["position"]["last"] == answer
    assert "has learned who wins" in page.refused("new", **NEW | {"look_ahead": 5})
    assert not page.seen["hello"]["networks"][0]["outcome"]


def test_whoever_plays_white_waits_for_the_network(page: FakePage) -> None:
    begin(page, color="white")
    assert page.hear("position", lambda news: news["number"] == 1)["to_play"] == 2


def test_handicap_stones_stand_and_white_begins(page: FakePage) -> None:
    begin(page, handicap=4, color="black")
    position = page.hear("position", lambda news: news["number"] == 1)
    assert (position["stones"].count("X"), position["stones"].count("O")) == (4, 1)


def test_a_game_is_counted_with_dead_stones_and_saved(page: FakePage) -> None:
    begin(page, color="both")
    wall = [f"{column}{row}" for row in range(9, 0, -1) for column in "EF"]
    for vertex in wall:
        page.ask("play", vertex=vertex)
    page.hear("position", lambda news: news["number"] == len(wall))
    page.ask("play", vertex="J9")  # a stone that cannot live
    for _ in range(2):
        page.ask("play", vertex="pass")
    counting = page.hear("phase", lambda news: news["score"])
    assert counting["score"] == "B+2.5"  # 45 against 36 + 6.5
    assert counting["dead"] == [8]
    page.ask("play", vertex="J9")  # says that it lives: then White owns no empty point
    alive = page.hear("phase", lambda news: news["dead"] == [])
    assert alive["score"] != "B+2.5"
    page.ask("play", vertex="J9")
    page.hear("phase", lambda news: news["dead"] == [8])
    page.ask("finish")
    assert page.hear("phase", lambda news: not news["playing"])["result"] == "B+2.5"
    page.ask("save", form="save")
    record = read_game(page.hear("file")["text"].encode())
    assert (record.result, record.komi, record.rules) == ("B+2.5", 6.5, "Chinese")
    assert record.moves == 21


def test_playing_on_after_two_passes_goes_on_until_two_more(page: FakePage) -> None:
    begin(page, color="both")
    for vertex in ("E5", "pass", "pass"):
        page.ask("play", vertex=vertex)
    page.hear("phase", lambda news: news["score"])
    page.ask("resume")
    page.hear("phase", lambda news: not news["score"])
    page.ask("play", vertex="pass")
    assert not page.hear("phase", lambda news: not news["thinking"])["score"]
    page.ask("play", vertex="pass")
    assert page.hear("phase", lambda news: news["score"])
    page.ask("resume")
    for vertex in ("C3", "pass", "pass"):
        page.ask("play", vertex=vertex)
    assert page.hear("phase", lambda news: news["score"])


def test_networks_play_on_after_a_count_in_between(page: FakePage) -> None:
    begin(page, color="none")
    page.ask("count")
    page.hear("phase", lambda news: news["score"])
    before = page.seen["position"]["number"]
    page.ask("resume")
    page.hear("position", lambda news: news["number"] > before)


@pytest.mark.parametrize("way", ["step", "remove"])
def test_the_network_that_was_interrupted_moves_when_the_game_is_at_its_end_again(
    page: FakePage, way: str
) -> None:
    begin(page)
    page.ask("play", vertex="E5")
    page.hear("position", lambda news: news["number"] == 2)
    if way == "remove":
        page.ask("remove")
    else:
        page.ask("undo")
        page.hear("position", lambda news: news["number"] == 0)
        page.ask("play", vertex="E5")
        page.ask("step", by=-1)
        page.ask("step", by=1)
    again = page.hear("position", lambda news: news["number"] == 2)
    assert again["to_play"] == 1


def test_undo_takes_back_one_move_of_a_game_that_is_watched(page: FakePage) -> None:
    begin(page, color="none", temperature=1)
    page.hear("position", lambda news: news["number"] >= 6)
    page.ask("undo")
    assert page.hear("position")["number"] >= 5


def test_a_handicap_game_counts_the_same_when_it_is_opened_again(page: FakePage) -> None:
    begin(page, color="both", handicap=4, komi=0.5)
    for vertex in ("E5", "E3", "E7", "pass", "pass"):
        page.ask("play", vertex=vertex)
    counted = page.hear("phase", lambda news: news["score"])["score"]
    page.ask("resume")
    page.ask("save", form="save")
    page.hand_over("again.sgf", page.hear("file")["text"].encode())
    page.hear("game", lambda news: news["file"] == "again.sgf")
    page.ask("step", by=100)
    page.ask("count")
    assert page.hear("phase", lambda news: news["score"])["score"] == counted


def test_every_move_is_said_to_be_of_who_made_it(page: FakePage) -> None:
    page.hand_over("free.sgf", b"(;SZ[9];B[cc];B[gc];B[cg];W[gg];B[];W[ee])")
    page.hear("game", lambda news: news["file"] == "free.sgf")
    seen = []
    for number in range(1, 7):
        page.ask("go", node=number)
        while (position := page.hear("position"))["node"] != number:
            pass
        seen.append((position["last"], position["last_color"]))
    assert seen == [("C7", 1), ("G7", 1), ("C3", 1), ("G3", 2), ("pass", 1), ("E5", 2)]


def test_a_move_that_was_asked_about_is_forgotten_with_its_file(page: FakePage) -> None:
    page.hand_over("large.sgf", b"(;SZ[19];B[pd])")
    page.hear("game", lambda news: news["file"] == "large.sgf")
    page.ask("step", by=1)
    page.ask("show", layer="saliency", vertex="Q4")
    page.hear("look", lambda news: "Q4" in news["networks"][0]["note"])
    page.hand_over("small.sgf", b"(;SZ[9];B[cc];W[gg])")
    page.hear("game", lambda news: news["file"] == "small.sgf")
    page.ask("step", by=1)
    look = page.hear("look", lambda news: "speak for" in news["networks"][0]["note"])
    assert look["networks"][0]["moves"]
    page.ask("show", layer="saliency", vertex="Q4")  # a page that has not noticed
    page.ask("step", by=1)
    assert page.hear("look", lambda news: news["node"] == 2)["networks"][0]["moves"]


def test_resigning_ends_the_game(page: FakePage) -> None:
    begin(page)
    page.ask("resign")
    assert page.hear("phase", lambda news: news["result"])["result"] == "W+R"
    assert "no game" in page.refused("resign")


def test_what_the_rules_forbid_is_told(page: FakePage) -> None:
    begin(page, color="both")
    page.ask("play", vertex="E5")
    page.hear("position", lambda news: news["number"] == 1)
    assert page.refused("play", vertex="E5") == "E5 is not allowed: the point is occupied."


@pytest.mark.parametrize(
    "message",
    [
        "",
        "no JSON",
        "[" * 100_000,
        "[]",
        "{}",
        '{"do": 1}',
        '{"do": "quit"}',
        '{"do": "__init__"}',
        '{"do": "step"}',
        '{"do": "step", "by": 1e99}',
        '{"do": "step", "by": true}',
        '{"do": "go", "node": 99999}',
        '{"do": "play", "vertex": "Z99"}',
        '{"do": "play", "vertex": ["E5"]}',
        '{"do": "show", "layer": "other"}',
        '{"do": "comment", "node": 0, "text": 7}',
        '{"do": "game", "number": 5}',
        json.dumps({"do": "new", **NEW, "size": 1000}),
        json.dumps({"do": "new", **NEW, "size": 5, "handicap": 9}),
        json.dumps({"do": "new", **NEW, "komi": "many"}),
        json.dumps({"do": "new", **NEW, "temperature": -1}),
        '{"do": "new", "size": 9, "color": "black", "komi": NaN}',
    ],
)
def test_a_wrong_message_is_a_sentence_and_the_tab_lives_on(page: FakePage, message: str) -> None:
    page.say(message)
    text = page.hear("error")["text"]
    assert text.endswith(".")
    assert "terminal" not in text  # that would be an error of ours
    page.ask("step", by=1)
    assert page.hear("position", lambda news: news["number"] == 1)


def test_a_page_that_comes_back_finds_its_game(client: TestClient) -> None:
    tab = next(TABS)
    with open_page(client, tab) as page:
        page.hear("position")
        page.ask("step", by=2)
        page.hear("position", lambda news: news["number"] == 2)
    with open_page(client, tab) as again:
        assert again.hear("position")["number"] == 2


def test_two_tabs_do_not_disturb_each_other(client: TestClient) -> None:
    with open_page(client, next(TABS)) as one, open_page(client, next(TABS)) as other:
        one.ask("step", by=3)
        one.hear("position", lambda news: news["number"] == 3)
        other.ask("comment", node=0, text="mine")
        other.hear("tree", lambda news: news["rows"][0][4] == 1)
        one.ask("step", by=-3)
        assert one.hear("position", lambda news: news["number"] == 0)["comment"] == ""
