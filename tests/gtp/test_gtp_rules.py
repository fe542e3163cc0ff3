"""Rules as frontends send them, and White's points for handicap stones."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.fake_bot import Desk

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.handicap import handicap_stones
from gopolicy.go.rules import AGA, CHINESE, JAPANESE, rules_named, rules_text, with_rules
from gopolicy.go.types import PASS, Color

LIZZIE_YZY = {
    "japanese": '{"scoring":"TERRITORY","ko":"SIMPLE","suicide":false,"tax":"SEKI",'
    '"whiteHandicapBonus":"0","hasButton":false}',
    "chinese": '{"scoring":"AREA","ko":"SIMPLE","suicide":false,"tax":"NONE",'
    '"whiteHandicapBonus":"N","hasButton":false}',
    "tromp-taylor": '{"scoring":"AREA","ko":"POSITIONAL","suicide":true,"tax":"NONE",'
    '"whiteHandicapBonus":"N","hasButton":false}',
    "aga": '{"scoring":"AREA","ko":"SITUATIONAL","suicide":false,"tax":"NONE",'
    '"whiteHandicapBonus":"N-1","hasButton":false}',
}
STONES = ("C3", "G7", "C7")
HANDICAPS = {
    "set_free_handicap": [f"set_free_handicap {' '.join(STONES)}"],
    "fixed_handicap": ["fixed_handicap 3"],
    "place_free_handicap": ["place_free_handicap 3"],
    "moves": [f"play b {point}" for point in STONES],
    "after a pass": ["play b pass", f"set_free_handicap {' '.join(STONES)}"],
    "after two passes": ["play b pass", "play w pass", f"set_free_handicap {' '.join(STONES)}"],
    "gogui-setup": [f"gogui-setup {' '.join(f'b {point}' for point in STONES)}"],
}


def rules_of(desk: Desk) -> dict[str, object]:
    answer: dict[str, object] = json.loads(desk.ask("kata-get-rules").removeprefix("= "))
    return answer


def bonus(desk: Desk) -> float:
    return desk.session.board.komi - desk.session.komi


@pytest.mark.parametrize("name", LIZZIE_YZY)
def test_the_rules_that_lizzieyzy_sends_are_set_and_told_again(name: str) -> None:
    desk = Desk()
    assert desk.ask(f"kata-set-rules {LIZZIE_YZY[name]}") == "="
    told = rules_of(desk)
    wanted = json.loads(LIZZIE_YZY[name])
    assert {key: told[key] for key in wanted} == wanted
    assert desk.ask(f"kata-set-rules {json.dumps(told)}") == "="
    assert rules_of(desk) == told


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ('{"tax":"ALL"}', "tax ALL is not supported"),
        ('{"hasButton":true}', "hasButton true is not supported"),
        ('{"ko":"SPIGHT"}', "ko SPIGHT is not supported"),
        ('{"friendlyPassOk":false}', "friendlyPassOk false is not supported"),
        ('{"tax":"SEKI","scoring":"AREA"}', "tax SEKI is not supported with scoring AREA"),
        ('{"tax":null}', "expected tax to be one of NONE, SEKI"),
        ('{"ko":["SIMPLE"]}', "expected ko to be one of SIMPLE, POSITIONAL, SITUATIONAL"),
        ('{"suicide":0}', "expected suicide to be one of true, false"),
        ('{"whiteHandicapBonus":2}', "expected whiteHandicapBonus to be one of 0, N, N-1"),
        ('{"whiteHandicapBonus":NaN}', "expected whiteHandicapBonus to be one of 0, N, N-1"),
        ('{"komi":6.5}', "expected rules from ko, scoring, suicide, tax, whiteHandicapBonus, "
         "hasButton, friendlyPassOk"),
        ('{"ko":"SIMPLE"', "syntax error"),
        ('{"ko":' * 90_000, "syntax error"),
        ('{"ko":' + "9" * 5000 + "}", "syntax error"),
        ("[1]", "unknown rules"),
        ("japanese" * 50_000, "unknown rules"),
        ("aga-button", "hasButton true is not supported"),
        ("koSIMPLEscoreAREAtaxALLsui0", "tax ALL is not supported"),
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_rules_that_do_not_exist_here_are_refused_by_name(text: str, reply: str) -> None:
    desk = Desk()
    desk.send("kata-set-rules aga")
    assert desk.ask(f"kata-set-rules {text}") == f"? {reply}"
    assert desk.session.rules == AGA
    assert not desk.said


def test_rules_left_out_are_those_of_tromp_taylor_whatever_was_set_before() -> None:
    answers = []
    for before in ("japanese", "aga", "tromp-taylor"):
        desk = Desk()
        desk.send(f"kata-set-rules {before}", 'kata-set-rules {"ko":"SIMPLE"}')
        answers.append(rules_of(desk))
    assert answers == [answers[0]] * 3
    assert answers[0]["suicide"] is True


def test_all_moves_can_be_undone_after_the_rules_have_forbidden_one() -> None:
    desk = Desk()
    desk.send("boardsize 5", "kata-set-rule ko SIMPLE", "kata-set-rule suicide true")
    desk.send("set_free_handicap A2 B1")
    before = desk.stones()
    desk.send("play w E5", "play b E1", "play w A1")  # the last one is a suicide
    after = desk.stones()
    for rules in ("chinese", "aga", "japanese"):
        assert desk.ask(f"kata-set-rules {rules}") == "="
        assert desk.stones() == after
        assert desk.ask("play w A1") == "? illegal move"
    assert [desk.ask("undo") for _ in range(4)] == ["=", "=", "=", "? cannot undo"]
    assert desk.stones() == before


def test_a_repetition_from_a_record_is_undone_as_one_move_after_other_rules() -> None:
    desk = Desk()
    ko = "b B1 w C1 b A2 w D2 b B3 w C3 b C2 w B2"
    desk.send("boardsize 5", "kata-set-rules aga", f"gogui-play_sequence {ko}")
    before = desk.stones()
    assert desk.ask("play b C2") == "="
    assert desk.ask("kata-set-rules tromp-taylor") == "="
    assert desk.ask("undo") == "="
    assert desk.stones() == before
    assert desk.ask(f"undo {len(ko.split()) // 2}") == "="
    assert desk.ask("undo") == "? cannot undo"


@pytest.mark.parametrize("how", HANDICAPS)
def test_white_gets_points_for_handicap_stones_however_they_came(how: str) -> None:
    desk = Desk()
    desk.send("boardsize 9", "komi 0.5", *HANDICAPS[how], "play w E5")
    # 3 stones against 1: no territory on the open board.
    for rules, result in [
        ("tromp-taylor", "B+1.5"),
        ("chinese", "W+1.5"),
        ("aga", "W+0.5"),
        ('{"scoring":"TERRITORY","whiteHandicapBonus":"N"}', "W+3.5"),
        ("japanese", "W+0.5"),
    ]:
        assert desk.ask(f"kata-set-rules {rules}") == "="
        assert (rules, desk.ask("final_score")) == (rules, f"= {result}")
        assert desk.ask("get_komi") == "= 0.5"


def test_the_bonus_follows_the_game() -> None:
    desk = Desk()
    seen = []
    for line in ["boardsize 9", "play b C3", "play b G7", "play b C7", "undo", "play w E5",
                 "play b A1", "play b A2", "komi 6", "kata-set-rule whiteHandicapBonus 0",
                 "kata-set-rule whiteHandicapBonus N-1", "clear_board", "fixed_handicap 4",
                 "boardsize 13", "genmove b", "genmove b"]:  # fmt: skip
        assert desk.ask(line).startswith("=")
        seen.append(bonus(desk))
    assert seen == [0, 0, 2, 3, 2, 2, 2, 2, 2, 0, 1, 0, 3, 0, 0, 1]


def test_how_handicap_stones_are_counted() -> None:
    def count(*moves: tuple[Color, str]) -> int:
        board = Board(9)
        for color, point in moves:
            board.play(PASS if point == "pass" else point, color)
        return handicap_stones(board.events.tolist())

    black, white = Color.BLACK, Color.WHITE
    assert count() == count((black, "C3")) == 0
    assert count((black, "C3"), (white, "G7"), (black, "C7"), (black, "G3")) == 0
    assert count((black, "C3"), (white, "pass"), (black, "C7")) == 0
    assert count((black, "C3"), (black, "pass"), (black, "C7"), (white, "pass")) == 2
    entered = [(black, "C3"), (black, "C7"), (white, "G7")]
    assert count(*entered) == count(*entered, (white, "pass")) == 2
    assert count(*entered, (white, "G3")) == 0
    assert count(*entered, (black, "G3"), (white, "E5"), (white, "E7")) == 2


@pytest.mark.parametrize("stones", ["set_free_handicap C3 C7 G3", "play b C3|play b C7|play b G3"])
def test_a_position_that_a_frontend_enters_is_no_handicap_game(stones: str) -> None:
    desk = Desk()
    desk.send("boardsize 9", "komi 7", "kata-set-rules chinese", *stones.split("|"))
    seen = []
    for line in ("play w E5", "play w E6", "play b A1", "undo", "undo"):
        desk.send(line)
        seen.append(bonus(desk))
    assert seen == [3, 0, 0, 0, 3]


def test_leads_are_told_by_the_rules_of_the_game() -> None:
    desk = Desk()
    desk.send("boardsize 9", "komi 0.5", "fixed_handicap 4", "play w E5")
    seen = []
    for rules in ("tromp-taylor", "chinese", "japanese"):
        desk.send(f"kata-set-rules {rules}")
        seen.append(desk.session.board_by_area(Color.BLACK).komi)
    assert seen == [0.5, 4.5, 3.5]


def test_a_single_stone_or_a_position_is_no_handicap() -> None:
    board = Board(9)
    board.setup(black=["E5"])
    assert handicap_stones(board.events.tolist()) == 0
    board.setup(black=["C3", "G7"])
    assert handicap_stones(board.events.tolist()) == 3
    board.setup(empty=["E5"])
    assert handicap_stones(board.events.tolist()) == 2
    board.setup(white=["E5"])
    assert handicap_stones(board.events.tolist()) == 0


@pytest.mark.parametrize(
    ("spellings", "rules"),
    [
        ("Japanese|jp|JAPANESE RULES|Japanese (1989)|日本|日本ルール|Nihon Ki-in|korean", JAPANESE),
        ("Chinese|cn|chinese rules|Chinese 2002|中国规则|chinese-kgs", CHINESE),
        ("AGA|aga rules|BGA|French", AGA),
        ("NZ|nz|New Zealand|new_zealand|New-Zealand Rules", rules_named("new-zealand")),
        ("Tromp-Taylor|tromp taylor|TrompTaylor|Ing|GOE|Ing Goe|koPOSITIONALscoreAREAsui1|"
         "koPOSITIONALscoreAREAtaxNONEsui1komi7.5", rules_named("tromp-taylor")),
        ("kosimplescoreareataxnonesui0whbN|koSIMPLE scoreAREA taxNONE sui0 whbN fpok1",
         with_rules(CHINESE, {"ko": "SIMPLE"})),
    ],
)  # fmt: skip
def test_rules_are_known_by_many_names(spellings: str, rules: object) -> None:
    for spelling in spellings.split("|"):
        assert rules_named(spelling) == rules, spelling


@pytest.mark.parametrize(
    "text", ["", "rules", "1989", "2", "go", "Japanese or Chinese", "koFOOscoreAREA", "old chinese"]
)
def test_other_texts_name_no_rules(text: str) -> None:
    with pytest.raises(ConfigError):
        rules_named(text)


VALUES: dict[str, list[Any]] = {
    "ko": ["SIMPLE", "POSITIONAL", "SITUATIONAL"],
    "scoring": ["AREA", "TERRITORY"],
    "suicide": [True, False],
    "whiteHandicapBonus": ["0", "N", "N-1"],
}


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({key: st.sampled_from(values) for key, values in VALUES.items()}))
def test_the_text_of_any_rules_names_them(wanted: dict[str, object]) -> None:
    rules = with_rules(CHINESE, wanted)
    assert rules_named(rules_text(rules)) == rules
    assert with_rules(AGA, json.loads(json.dumps(wanted))) == rules
