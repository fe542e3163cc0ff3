"""What queries mean, and what is wrong with wrong ones."""

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from gopolicy.go.board import Board
from gopolicy.go.types import PASS, Color
from gopolicy.queries.query import UNUSED, Query, QueryError, read_query

PLAIN: dict[str, Any] = {
    "id": "q",
    "moves": [["B", "C3"], ["W", "G7"], ["B", "pass"]],
    "rules": "chinese",
    "boardXSize": 9,
    "boardYSize": 9,
}


def read(**changes: Any) -> Query:
    """Read the plain query with some fields changed; None leaves one out."""
    said = {key: value for key, value in (PLAIN | changes).items() if value is not None}
    return read_query(said)


def test_a_plain_query_asks_about_the_last_position() -> None:
    query = read()
    assert query.turns == (3,)
    assert query.priorities == (0,)
    assert query.warnings == ()
    board = Board(9)
    for color, vertex in PLAIN["moves"]:
        board.play(vertex, Color.BLACK if color == "B" else Color.WHITE)
    found = query.game.board_at(3)
    assert np.array_equal(found.events, board.events)
    assert found.komi == 7.5
    assert found.to_move == Color.WHITE


def test_a_later_position_goes_on_from_an_earlier_one() -> None:
    game = read().game
    earlier = game.board_at(1)
    later = game.board_at(3, (1, earlier))
    assert np.array_equal(later.events, game.board_at(3).events)
    assert earlier.ply == 1


def test_turns_have_priorities() -> None:
    query = read(analyzeTurns=[2, 0], priorities=[5, -1])
    assert dict(zip(query.turns, query.priorities, strict=True)) == {2: 5, 0: -1}
    assert read(analyzeTurns=[2, 0], priority=7).priorities == (7, 7)
    assert read(analyzeTurns=[2, 0, 2]).turns == (2, 0)
    assert read(priority=1_760_000_000_000).priorities == (1_760_000_000_000,)  # a time


def test_stones_handicap_and_who_begins() -> None:
    query = read(initialStones=[["B", "C3"], ["B", "G7"]], moves=[], initialPlayer="w")
    board = query.game.board_at(0)
    assert board.color_at("C3") == board.color_at("G7") == Color.BLACK
    assert board.to_move == Color.WHITE
    assert board.komi == 9.5  # Chinese rules give White a point for each of two stones
    assert read(moves=[["W", "C3"]], analyzeTurns=[0]).game.board_at(0).to_move == Color.WHITE


@pytest.mark.parametrize(
    ("changes", "turn", "to_move"),
    [
        ({"initialStones": [["B", "C3"], ["B", "G7"]], "moves": []}, 0, Color.WHITE),
        ({"initialStones": [["B", "C3"]], "moves": []}, 0, Color.BLACK),
        ({"initialStones": [["B", "C3"], ["B", "G7"], ["W", "E5"]], "moves": []}, 0, Color.BLACK),
        ({"initialStones": [["B", "C3"], ["B", "G7"]], "moves": [["B", "E5"]]}, 0, Color.BLACK),
        ({"initialPlayer": "W", "moves": [["B", "E5"]]}, 0, Color.WHITE),
        ({"moves": [["B", "E5"], ["B", "C3"], ["W", "G7"]]}, 1, Color.WHITE),
        ({"moves": [["B", "E5"], ["B", "C3"], ["W", "G7"]]}, 2, Color.WHITE),
        ({"moves": [["B", "E5"], ["B", "C3"], ["W", "G7"]]}, 3, Color.BLACK),
    ],
)
def test_who_is_to_move_is_who_katago_says(
    changes: Mapping[str, Any], turn: int, to_move: Color
) -> None:
    assert read(**changes).game.board_at(turn).to_move == to_move


def test_by_territory_handicap_stones_count_for_less() -> None:
    stones = [["B", vertex] for vertex in ("C3", "G7", "C7", "G3")]
    for moves in ([], [["W", "E5"]], [["W", "E5"], ["B", "E3"]]):
        query = read(rules="japanese", komi=0.5, initialStones=stones, moves=moves)
        assert query.game.board_at(len(moves)).komi == 3.5
    even = read(rules="japanese", komi=6.5, moves=[["B", "E5"], ["W", "C3"], ["B", "pass"]]).game
    assert [even.board_at(turn).komi for turn in range(4)] == [6.5] * 4


def test_points_are_also_told_as_column_and_row_from_the_top() -> None:
    board = read(moves=[["B", "(3,4)"], ["W", "(0, 0)"]]).game.board_at(2)
    assert board.color_at("D5") == Color.BLACK
    assert board.color_at("A9") == Color.WHITE


def test_rules_and_komi() -> None:
    japanese = read(rules="japanese").game
    assert (japanese.rules.scoring, japanese.komi) == ("territory", 6.5)
    rules = {"ko": "SIMPLE", "scoring": "AREA", "tax": "NONE", "suicide": True}
    game = read(rules=rules, komi=-3, whiteHandicapBonus="N-1").game
    assert (game.rules.superko, game.rules.suicide, game.komi) == ("none", True, -3.0)
    assert game.rules.handicap_bonus == "N-1"


def test_a_record_may_take_back_a_ko_at_once() -> None:
    diagram = [["B", "B1"], ["W", "C1"], ["B", "A2"], ["W", "D2"], ["B", "B3"], ["W", "C3"]]
    moves = [*diagram, ["B", "C2"], ["W", "B2"], ["B", "C2"]]
    board = read(moves=moves).game.board_at(9)
    assert board.color_at("C2") == Color.BLACK
    assert board.color_at("B2") == Color.EMPTY


def test_restrictions_and_flags() -> None:
    avoid = [{"player": "B", "moves": ["C3", "pass"], "untilDepth": 1}]
    query = read(avoidMoves=avoid, includePolicy=True, includeOwnership=True, includePVVisits=True)
    assert query.avoided[0].color == Color.BLACK
    assert PASS in query.avoided[0].points
    assert query.policy
    assert query.ownership
    assert query.pv_visits
    assert not query.moves_ownership


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"wibble": 1}, "wibble", UNUSED),
        ({"x" * 5000: 1}, "x" * 100, UNUSED),
        ({"includeOwnershipStdev": True}, "includeOwnershipStdev", "it is not given"),
        (
            {"avoidMoves": [{"player": "B", "moves": ["C3"], "untilDepth": 5}]},
            "avoidMoves",
            "first move alone",
        ),
        ({"rootPolicyTemperature": 2.0}, "rootPolicyTemperature", "it has no effect"),
        ({"overrideSettings": {"humanSLProfile": "rank_1d"}}, "overrideSettings", "no effect"),
    ],
)
def test_what_is_not_understood_is_a_warning(
    changes: Mapping[str, Any], field: str, message: str
) -> None:
    ((where, warning),) = read(**changes).warnings
    assert where == field
    assert message in warning


def test_what_katrain_sends_is_no_warning() -> None:
    settings = {"reportAnalysisWinratesAs": "WHITE", "wideRootNoise": 0.04, "maxTime": 8.0}
    query = read(overrideSettings=settings, reportDuringSearchEvery=0.5, maxVisits=10_000_000)
    assert query.warnings == ()
    assert query.perspective == "WHITE"
    assert query.visits == 1000


WRONG: list[tuple[str, Any, str]] = [
    ("moves", None, "expected a list"),
    ("moves", "B Q16", "expected a list"),
    ("moves", [["B"]], "expected pairs"),
    ("moves", [["G", "C3"]], "expected a player"),
    ("moves", [["B", 3]], "expected a vertex"),
    ("moves", [["B", "Q16"]], "expected a vertex like D4 on 9x9"),
    ("moves", [["B", "C3"], ["W", "C3"]], "Illegal move 1: C3, the point is occupied"),
    ("moves", [["B", "C3"]] * 70_000, "expected a list"),
    ("initialStones", {"B": "C3"}, "expected a list"),
    ("initialStones", [["B", "pass"]], "cannot be a pass"),
    ("initialPlayer", 1, "expected a player"),
    ("rules", None, "expected the name of rules"),
    ("rules", "poker", "expected rules from"),
    ("rules", "stone_scoring", "tax ALL is not supported"),
    ("rules", {"ko": ["SIMPLE"]}, "expected ko to be one of"),
    ("rules", [], "expected the name of rules"),
    ("whiteHandicapBonus", "M", "whiteHandicapBonus"),
    ("komi", "6.5", "expected a number"),
    ("komi", True, "expected a number"),
    ("komi", 1e9, "expected komi from"),
    ("boardXSize", None, "expected a whole number from 2 to 25"),
    ("boardXSize", 26, "expected a whole number from 2 to 25"),
    ("boardXSize", 9.0, "expected a whole number"),
    ("boardYSize", 13, "expected a square board, got 9x13"),
    ("analyzeTurns", [4], "expected turns from 0 to 3"),
    ("analyzeTurns", [-1], "expected turns from 0 to 3"),
    ("analyzeTurns", 3, "expected a list of whole numbers"),
    ("analyzeTurns", [True], "expected a list of whole numbers"),
    ("priority", "high", "expected a whole number"),
    ("priorities", [1], "expected with analyzeTurns"),
    ("maxVisits", 0, "expected a whole number from 1"),
    ("includePolicy", "yes", "expected true or false"),
    ("overrideSettings", 1, "expected an object"),
    ("overrideSettings", {"reportAnalysisWinratesAs": "RED"}, "one of BLACK, WHITE, SIDETOMOVE"),
    ("avoidMoves", ["C3"], "expected objects with player, moves and untilDepth"),
    ("avoidMoves", [{"player": "B", "moves": ["C3"], "untilDepth": 0}], "untilDepth"),
    ("allowMoves", [{"player": "B", "moves": [None], "untilDepth": 1}], "expected a vertex"),
    ("reportDuringSearchEvery", "often", "expected a number"),
]


@pytest.mark.parametrize(("field", "value", "message"), WRONG, ids=lambda value: None)
def test_a_wrong_field_is_named(field: str, value: object, message: str) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        read(**{field: value})
    assert caught.value.where == field
    assert len(str(caught.value)) < 200


def test_stones_without_liberties_are_refused() -> None:
    stones = [["W", "A1"], ["B", "A2"], ["B", "B1"]]
    with pytest.raises(QueryError) as caught:
        read(initialStones=stones, moves=[])
    assert caught.value.where == "initialStones"


def test_every_json_value_in_every_field_is_a_query_or_a_query_error() -> None:
    values: list[Any] = [
        None,
        True,
        -1,
        0,
        3,
        2.5,
        1e300,
        "",
        "B",
        "\ud800",
        [],
        [[]],
        [["B", "B"]],
        {},
        {"": 0},
    ]
    fields = [*(field for field, *_ in WRONG), "id2", "includePVVisits", "analysisPVLen"]
    for field in fields:
        for value in values:
            said = json.loads(json.dumps(PLAIN | {field: value}))
            with contextlib.suppress(QueryError):
                assert isinstance(read_query(said), Query)


@pytest.mark.parametrize("stones", [[["B", "D4"], ["W", "D4"]], [["W", "D4"], ["B", "D4"]]])
def test_a_point_has_stones_of_one_color(stones: list[list[str]]) -> None:
    with pytest.raises(QueryError, match="a point has stones of both colors"):
        read(initialStones=stones, moves=[])
    twice = read(initialStones=[["B", "D4"], ["B", "D4"]], moves=[]).game.board_at(0)
    assert twice.color_at("D4") == Color.BLACK
