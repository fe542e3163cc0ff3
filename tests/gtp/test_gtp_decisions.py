"""The ten decisions about frontends that the engine was built on, each as a test.

They come from what Sabaki, Lizzie, GoGui, OGS, KGS and CGOS really send and understand.
"""

import math
import re

import numpy as np
import pytest
from reference.fake_bot import Desk, FakeBot

from gopolicy.go.types import Color
from gopolicy.policy.outlook import Outlook


def candidates(line: str) -> list[dict[str, str]]:
    """Take a line of analysis apart as Sabaki does: keys and values, the variation last."""
    found = []
    for part in re.split(r"\s*info\s+", line.strip())[1:]:
        words = part.split()
        at = words.index("pv")
        assert at % 2 == 0, "keys and values must alternate"
        pairs = dict(zip(words[:at:2], words[1:at:2], strict=True))
        found.append(pairs | {"pv": " ".join(words[at + 1 :])})
    return found


def report(command: str, desk: Desk | None = None) -> list[dict[str, str]]:
    """Return the candidates of the first report."""
    head, line, *_ = (desk or Desk()).ask(command).split("\n")
    assert head == "="
    return candidates(line)


DIALECTS = (
    "lz-analyze b 50",
    "kata-analyze b 50",
    "lz-genmove_analyze b",
    "kata-genmove_analyze b",
)


def test_1_only_the_dialects_that_every_version_reads_rightly_are_advertised() -> None:
    commands = Desk().ask("list_commands").removeprefix("= ").split()
    dialects = {"kata-analyze", "kata-genmove_analyze", "lz-analyze", "lz-genmove_analyze"}
    assert dialects <= set(commands)
    assert not {"analyze", "genmove_analyze"} & set(commands)


@pytest.mark.parametrize("command", DIALECTS)
def test_2_the_sign_stands_alone_on_its_line(command: str) -> None:
    reply = Desk().send(f"17 {command}")
    assert reply.startswith("=17\ninfo ")
    assert reply.endswith("\n\n")


def test_2_any_input_ends_the_analysis_with_an_empty_line() -> None:
    for line in ("", "protocol_version", "name", "stop", "# interrupt", "nonsense"):
        reply = Desk().send("lz-analyze b 5", line)
        first, _, rest = reply.partition("\n\n")
        assert first.startswith("=\ninfo ")
        assert rest.count("\n\n") == (0 if line in ("", "# interrupt") else 1)


@pytest.mark.parametrize("command", DIALECTS)
def test_3_every_candidate_has_what_frontends_need(command: str) -> None:
    for candidate in report(command):
        assert int(candidate["visits"]) == max(1, round(1000 * prior_of(candidate)))
        assert candidate["pv"].split()[0] == candidate["move"]
        assert float(candidate["winrate"]) > 0


def prior_of(candidate: dict[str, str]) -> float:
    """Return the probability in either dialect."""
    prior = candidate["prior"]
    return float(prior) if "." in prior else int(prior) / 10_000


def test_3_numbers_of_the_leela_dialect_are_whole() -> None:
    for candidate in report("lz-analyze w 50"):
        for key in ("visits", "winrate", "prior", "lcb", "order"):
            assert re.fullmatch("[0-9]+", candidate[key])


def test_3_win_rates_of_the_kata_dialect_have_a_point() -> None:
    desk = Desk()
    desk.bot.outlook = lambda board, color: certain(board.size)  # type: ignore[method-assign]
    for candidate in report("kata-analyze b 50", desk):
        assert "." in candidate["winrate"]
        assert re.fullmatch("[0-9]+", candidate["visits"])


def certain(size: int) -> Outlook:
    """Return the outlook of a game that Black has won for certain."""
    owners = np.ones(size**2, np.float32)
    return Outlook(ownership=owners, lead=100.0, spread=0.0, black_wins=1.0, playouts=1)


def test_3_variations_grow_while_the_analysis_goes_on_and_can_be_played() -> None:
    first, *_, last = Desk().ask("kata-analyze w 50", patience=30).split("\n")[1:]
    for early, late in zip(candidates(first)[:6], candidates(last)[:6], strict=True):
        assert len(early["pv"].split()) == 1
        assert 1 < len(late["pv"].split()) <= 12
        game = zip("wbwbwbwbwbwb", late["pv"].split(), strict=False)
        assert Desk().ask(f"gogui-play_sequence {' '.join(map(' '.join, game))}") == "="


@pytest.mark.parametrize("color", ["b", "w"])
def test_4_no_pass_no_zero_and_no_missing_number_is_reported(color: str) -> None:
    for outlook in (None, certain):
        desk = Desk()
        if outlook:
            desk.bot.outlook = lambda board, color: certain(board.size)  # type: ignore[method-assign]
        for candidate in report(f"kata-analyze {color} 50", desk):
            assert candidate["move"] != "pass"
            values = [v for k, v in candidate.items() if k not in ("move", "pv", "order")]
            assert all(math.isfinite(float(value)) for value in values)
            assert 0 < float(candidate["winrate"]) < 1


def test_4_where_only_a_pass_is_left_nothing_is_reported() -> None:
    desk = Desk()
    desk.send("boardsize 3", "set_free_handicap A2 A3 B1 B2 B3 C1 C2")  # two eyes
    assert desk.ask("kata-analyze w 5") == "="
    bot = FakeBot()
    bot.passing = True
    assert Desk(bot).ask("lz-genmove_analyze b").endswith("\nplay pass")


def test_5_commands_may_be_sent_without_waiting_in_any_spelling() -> None:
    desk = Desk()
    lines = [
        "1 clear_board\r",
        "2  play\tb   D4 # first",
        "",
        "   ",
        "# nothing",
        "3 play W pass\r",
    ]
    assert desk.send(*lines) == "=1\n\n=2\n\n=3\n\n"
    assert desk.session.board.ply == 2


def test_6_records_may_break_the_order_and_repeat_but_the_engine_may_not() -> None:
    desk = Desk()
    moves = "b B4 w C4 b A3 w D3 b B2 w C2 b C3 w B3"
    desk.send("boardsize 4", "kata-set-rules chinese", f"gogui-play_sequence {moves}")
    assert "C3" not in desk.ask("gogui-rules_legal_moves").split()
    retaking = desk.session.point("C3")
    liked = desk.bot.probabilities([desk.session.board], [Color.BLACK])
    liked[0][retaking] = 1
    desk.bot.probabilities = lambda *how: liked  # type: ignore[method-assign]
    desk.bot._priors = lambda size: liked[0]  # type: ignore[method-assign]
    assert desk.ask("genmove b") != "= C3"
    desk.ask("undo")
    assert desk.ask("play b C3") == "="
    assert [desk.ask(line) for line in ("play b pass", "play b pass", "play b A1")] == ["="] * 3


def test_7_handicap_stones_may_stand_anywhere_even_after_a_pass() -> None:
    desk = Desk()
    points = [f"{column}{row}" for column in "ABCDE" for row in range(1, 6)]
    for count in (2, 3, 10, 24):
        vertices = " ".join(points[:count])
        assert (
            desk.send("boardsize 5", "play b pass", f"set_free_handicap {vertices}") == "=\n\n" * 3
        )
        assert desk.session.board.to_move == Color.WHITE


def test_8_undo_sizes_and_komi_are_what_frontends_expect() -> None:
    desk = Desk()
    desk.send("komi 0")
    for size in range(2, 26):
        assert desk.ask(f"boardsize {size}") == "="
        assert desk.ask(f"rectangular_boardsize {size} {size}") == "="
    assert desk.session.komi == 0
    assert desk.ask("rectangular_boardsize 9 5") == "? unacceptable size"
    assert [desk.ask(f"komi {komi}")[0] for komi in ("0", "375", "-7.5", "NaN", "inf")] == [
        *"===??"
    ]
    desk.send("play b A1", "play w B2")
    assert [desk.ask("undo") for _ in range(3)] == ["=", "=", "? cannot undo"]


def test_9_one_reply_a_command_without_empty_lines_or_echoes() -> None:
    desk = Desk()
    for line in ("showboard", "list_commands", "final_status_list dead", "<script>", "play <b> D4"):
        assert "<" not in desk.ask(line)


def test_10_a_bad_file_is_refused_and_the_engine_goes_on() -> None:
    desk = Desk()
    assert desk.send("loadsgf nothing.sgf", "name") == "? cannot load file\n\n= gopolicy\n\n"
    assert desk.said == ["loadsgf: cannot read nothing.sgf"]


@pytest.mark.parametrize("certainly", [False, True])
@pytest.mark.parametrize("symmetry", ["0", "all"])
def test_the_bare_network_comes_with_the_estimate_of_the_analysis(
    symmetry: str, certainly: bool
) -> None:
    desk = Desk()
    if certainly:
        desk.bot.outlook = lambda board, color: certain(board.size)  # type: ignore[method-assign]
    desk.send("boardsize 3")
    seen = report("kata-analyze w 50 ownership true", desk)[-1]
    owners = seen["pv"].partition(" ownership ")[2].split()
    assert len(owners) == 9
    blocks = desk.ask(f"kata-raw-nn w {symmetry}").removeprefix("= ").split("symmetry ")[1:]
    assert len(blocks) == (8 if symmetry == "all" else 1)
    for block in blocks:
        head, _, rows = block.partition("\nwhiteOwnership\n")
        values = head.partition("\npolicy\n")[0].splitlines()[1:]
        said = dict(line.split() for line in values)
        assert said["whiteWin"] == seen["winrate"]
        assert float(said["whiteLoss"]) == pytest.approx(1 - float(seen["winrate"]))
        assert said["whiteLead"] == said["whiteScoreSelfplay"] == seen["scoreLead"]
        squares = float(seen["scoreMean"]) ** 2 + float(seen["scoreStdev"]) ** 2
        assert float(said["whiteScoreSelfplaySq"]) == pytest.approx(squares)
        assert [f"{float(value):.3f}" for value in rows.split()] == owners
    desk.said.clear()
    desk.send("play w A1", "heatmap")
    black = report("kata-analyze b 50", desk)[0]
    assert desk.said[-1] == f"winrate: {black['winrate']}"
