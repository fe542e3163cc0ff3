"""The engine of queries: one reply for each position, the most urgent first, whatever comes in."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from reference.fake_bot import FakeBot

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.types import Color
from gopolicy.gtp.protocol import LONGEST_LINE
from gopolicy.queries.query_engine import QueryEngine

Reply = dict[str, Any]


def query(name: str, moves: int = 2, **more: Any) -> Reply:
    """Return a query about a game of some moves on 9x9."""
    played = [["BW"[turn % 2], f"{'ABCDEFGHJ'[turn % 9]}{1 + turn // 9}"] for turn in range(moves)]
    return {
        "id": name,
        "moves": played,
        "rules": "tromp-taylor",
        "boardXSize": 9,
        "boardYSize": 9,
        **more,
    }


class Lines:
    """Input that is all there at once."""

    def __init__(self, *lines: Reply | str | bytes) -> None:
        self.left = [
            line if isinstance(line, bytes) else line.encode() if isinstance(line, str)
            else json.dumps(line).encode()
            for line in lines
        ]  # fmt: skip

    def next(self) -> bytes | None:
        return self.left.pop(0) if self.left else None

    def wait(self, seconds: float) -> bool:
        return True


class SlowLines(Lines):
    """Input whose next line comes only when nothing else is left to do."""

    def wait(self, seconds: float) -> bool:
        return False


class CountingMind(FakeBot):
    """A `FakeBot` that notes how many boards it is asked about at once."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def probabilities(
        self, boards: Sequence[Board], colors: Sequence[Color], symmetry: int | None = None
    ) -> np.ndarray:
        self.batches.append(len(boards))
        return super().probabilities(boards, colors, symmetry)


def answers(*lines: Reply | str | bytes, bot: FakeBot | None = None, **more: Any) -> list[Reply]:
    """Return the replies to lines that come at once."""
    written: list[bytes] = []
    engine = QueryEngine(bot or FakeBot(), written.append, "1.2.3", **more)
    assert engine.run(Lines(*lines)) == "end of input"
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in written)
    return [json.loads(line) for line in written]


def test_a_position_has_candidates_and_a_root() -> None:
    (reply,) = answers(query("a", includePolicy=True, includeOwnership=True, analysisPVLen=3))
    assert (reply["id"], reply["turnNumber"], reply["isDuringSearch"]) == ("a", 2, False)
    moves = reply["moveInfos"]
    assert [info["order"] for info in moves] == list(range(len(moves)))
    assert moves[0]["move"] == moves[0]["pv"][0]
    assert len(moves[0]["pv"]) == 3
    assert moves[0]["visits"] == pytest.approx(500, abs=2)  # of 1000, probability about a half
    priors = [info["prior"] for info in moves]
    assert priors == sorted(priors, reverse=True)
    assert reply["rootInfo"]["currentPlayer"] == "B"
    assert reply["rootInfo"]["scoreLead"] == 3.5
    policy = reply["policy"]
    assert len(policy) == 82
    assert [index for index, share in enumerate(policy) if share == -1] == [72, 73]  # A1 and B1
    assert sum(share for share in policy if share > 0) == pytest.approx(1, abs=1e-4)
    assert reply["ownership"] == pytest.approx(np.linspace(-1, 1, 81), abs=1e-5)


@pytest.mark.parametrize(("moves", "sign"), [(2, 1), (3, -1)])
def test_the_side_to_move_sees_its_own_numbers(moves: int, sign: int) -> None:
    settings = {"reportAnalysisWinratesAs": "SIDETOMOVE"}
    more: dict[str, Any] = {"includeOwnership": True, "includeMovesOwnership": True}
    (black,) = answers(query("a", moves, **more))
    (own,) = answers(query("a", moves, overrideSettings=settings, **more))
    (white,) = answers(query("a", moves, **more), perspective="WHITE")
    root = [each["rootInfo"] for each in (black, own, white)]
    assert root[1]["scoreLead"] == sign * root[0]["scoreLead"] == sign * 3.5
    assert root[2]["scoreLead"] == -3.5
    assert root[0]["winrate"] == 0.625
    assert root[2]["winrate"] == 0.375
    assert own["ownership"] == [sign * value for value in black["ownership"]]
    assert own["moveInfos"][0]["ownership"] == own["ownership"]


def test_positions_go_through_the_network_together() -> None:
    bot = CountingMind()
    replies = answers(
        query("a", 6, analyzeTurns=[0, 1, 2, 3, 4, 5]),
        query("b", 1),
        query("c", 2, analyzeTurns=[2, 0]),
        bot=bot,
    )
    assert bot.batches[0] == 8
    assert len(replies) == 9
    told = {(reply["id"], reply["turnNumber"]) for reply in replies}
    assert told == {*(("a", turn) for turn in range(6)), ("b", 1), ("c", 0), ("c", 2)}


def test_boards_of_several_sizes_take_turns() -> None:
    small = {**query("small", 0), "boardXSize": 5, "boardYSize": 5, "includePolicy": True}
    replies = answers(small, query("large", 1, includePolicy=True), {**small, "id": "again"})
    assert {reply["id"]: len(reply["policy"]) for reply in replies} == {
        "small": 26,
        "large": 82,
        "again": 26,
    }


def test_the_most_urgent_position_comes_first() -> None:
    replies = answers(
        query("slow", 4, analyzeTurns=[0, 1, 2], priorities=[0, 5, 1]),
        query("fast", 1, priority=3),
        round_size=1,
    )
    assert [(reply["id"], reply["turnNumber"]) for reply in replies] == [
        ("slow", 1),
        ("fast", 1),
        ("slow", 2),
        ("slow", 0),
    ]


def test_an_answer_does_not_depend_on_what_is_asked_with_it() -> None:
    alone = answers(query("a", 5, includePolicy=True))
    among = answers(query("b", 3), query("a", 5, includePolicy=True), query("c", 4))
    assert alone[0] in among


def test_terminated_queries_say_that_there_is_nothing() -> None:
    replies = answers(
        query("a", 4, analyzeTurns=[0, 1, 2]),
        query("b", 1),
        {"id": "t", "action": "terminate", "terminateId": "a", "turnNumbers": [1]},
        {"id": "u", "action": "terminate", "terminateId": "nobody"},
    )
    assert replies[0] == {"id": "a", "isDuringSearch": False, "noResults": True, "turnNumber": 1}
    echo = {"id": "t", "action": "terminate", "terminateId": "a", "turnNumbers": [1]}
    assert replies[1] == echo
    assert [(reply["id"], reply["turnNumber"]) for reply in replies[3:]] == [
        ("a", 0),
        ("a", 2),
        ("b", 1),
    ]
    replies = answers(query("a"), query("b"), {"id": "t", "action": "terminate_all"})
    assert [reply.get("noResults") for reply in replies] == [True, True, None]


def test_the_other_actions() -> None:
    replies = answers(
        {"id": "1", "action": "query_version"},
        {"id": "2", "action": "query_models"},
        {"id": "3", "action": "clear_cache"},
    )
    assert replies[0]["git_hash"] == "gopolicy-1.2.3"
    assert replies[0]["version"].count(".") == 2
    assert replies[1]["models"][0]["name"] == "fake"
    assert replies[2] == {"id": "3", "action": "clear_cache"}


def test_a_warning_comes_before_the_answer() -> None:
    warning, reply = answers(query("a", wibble=[1]))
    assert warning == {"id": "a", "warning": "Unexpected or unused field", "field": "wibble"}
    assert "moveInfos" in reply


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"nonsense", {"error": "JSON"}),
        (b"\xff\xfe{}", {"error": "JSON"}),
        (b"[" * 100_000, {"error": "nested"}),
        (b'{"id": NaN}', {"error": "JSON"}),
        (b'{"id": ' + b"9" * 5000 + b"}", {"error": "JSON"}),
        (b"x" * (LONGEST_LINE + 1), {"error": "at most"}),
        (b"[]", {"error": '"id"'}),
        (b"{}", {"error": '"id"'}),
        (b'{"id": 7, "moves": []}', {"error": '"id"'}),
        (b'{"id": "a"}', {"error": "whole number", "field": "boardXSize", "id": "a"}),
        (b'{"id": "a", "action": 3}', {"error": "action", "field": "action", "id": "a"}),
        (
            b'{"id": "a", "action": "terminate"}',
            {"error": "the id of a query", "field": "terminateId", "id": "a"},
        ),
        (
            b'{"id": "a", "action": "terminate_all", "turnNumbers": [1.5]}',
            {"error": "whole numbers", "field": "turnNumbers", "id": "a"},
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_error_and_the_next_query_is_answered(
    line: bytes, expected: Reply
) -> None:
    error, reply = answers(line, query("next"))
    assert error.keys() == expected.keys()
    assert expected["error"] in error["error"]
    assert len(json.dumps(error)) < 500
    assert {key: error[key] for key in expected if key != "error"} == {
        key: value for key, value in expected.items() if key != "error"
    }
    assert reply["id"] == "next"


def test_empty_lines_say_nothing() -> None:
    assert answers(b"", b"  \r\n") == []


def test_a_size_that_the_network_does_not_play_is_refused() -> None:
    bot = FakeBot(sizes=(19,))
    (reply,) = answers(query("a"), bot=bot)
    assert reply["error"] == "the network does not play 9x9"


def test_too_much_at_once_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gopolicy.queries.query_engine.MOST_WAITING", 3)
    replies = answers(query("a", 4, analyzeTurns=[0, 1]), query("b", 4, analyzeTurns=[0, 1]))
    assert replies[0]["field"] == "analyzeTurns"
    assert [reply["id"] for reply in replies[1:]] == ["a", "a"]


@pytest.mark.parametrize("error", [ConfigError("no memory"), ZeroDivisionError("a bug")])
def test_a_network_that_fails_is_an_error_for_every_position(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, remarks = FakeBot(), list[str]()

    def fail(board: Board, color: Color) -> None:
        raise error

    monkeypatch.setattr(bot, "outlook", fail)
    replies = answers(query("a", analyzeTurns=[0, 1]), bot=bot, remark=remarks.append)
    assert [reply["turnNumber"] for reply in replies] == [0, 1]
    assert str(error) in replies[0]["error"]
    assert str(error) in remarks[0]


def test_a_full_board_has_a_pass() -> None:
    stones = [["B", f"{column}{row}"] for column in "ABC" for row in (1, 2, 3)]
    stones.remove(["B", "A1"])  # two eyes
    stones.remove(["B", "C3"])
    asked = {**query("a", 0), "boardXSize": 3, "boardYSize": 3, "initialStones": stones}
    asked |= {"rules": "chinese", "initialPlayer": "W", "includePolicy": True}
    (reply,) = answers(asked)
    (info,) = reply["moveInfos"]
    assert (info["move"], info["pv"], info["visits"]) == ("pass", ["pass"], 1)
    assert reply["policy"] == [-1] * 9 + [0]


def test_only_allowed_moves_are_candidates() -> None:
    allow = [{"player": "B", "moves": ["J9", "H9"], "untilDepth": 1}]
    (reply,) = answers(query("a", allowMoves=allow))
    assert {info["move"] for info in reply["moveInfos"]} <= {"J9", "H9"}
    best = answers(query("a"))[0]["moveInfos"][0]["move"]
    avoid = [{"player": "B", "moves": [best], "untilDepth": 1}]
    (reply,) = answers(query("a", avoidMoves=avoid))
    assert best not in {info["move"] for info in reply["moveInfos"]}


def test_a_reader_that_is_gone_ends_the_engine() -> None:
    def closed(data: bytes) -> None:
        raise BrokenPipeError

    engine = QueryEngine(FakeBot(), closed, "1")
    assert engine.run(Lines(query("a"))) == "hangup"


def test_it_works_while_no_line_comes() -> None:
    written: list[bytes] = []
    engine = QueryEngine(FakeBot(), written.append, "1", round_size=1)
    assert engine.run(SlowLines(query("a", 3, analyzeTurns=[0, 1]), query("b"))) == "end of input"
    assert [json.loads(line)["id"] for line in written] == ["a", "a", "b"]


def test_a_pass_is_answered_with_a_pass_where_the_engine_would_pass() -> None:
    bot = FakeBot()
    asked = query("a", 3, includePolicy=True)
    passed = {**asked, "moves": [*asked["moves"], ["W", "pass"]]}
    (reply,) = answers(passed, bot=bot)
    assert reply["moveInfos"][0]["move"] != "pass"
    assert reply["policy"][-1] == 0
    bot.passing = True
    (reply,) = answers(passed, bot=bot)
    assert reply["moveInfos"][0]["move"] == "pass"
    assert len(reply["moveInfos"]) > 1
    assert (max(reply["policy"][:-1]), reply["policy"][-1]) == (0, 1)
    (reply,) = answers(asked, bot=bot)  # nobody has passed
    assert reply["policy"][-1] == 0
    only = [{"player": "B", "moves": ["J9"], "untilDepth": 1}]
    (reply,) = answers({**passed, "allowMoves": only}, bot=bot)
    assert [info["move"] for info in reply["moveInfos"]] == ["J9"]
