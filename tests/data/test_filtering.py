"""What becomes of single games."""

from typing import Any

import numpy as np
import pytest
from reference.game_files import game_text, random_game, turned

from gopolicy.data.filtering import Member, Rows, count_reasons, parse_date, read_members
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.table import COLUMNS, UNKNOWN_RANK
from gopolicy.errors import ConfigError
from gopolicy.sgf.record import Rejection


def read(*texts: str, **options: Any) -> Rows:
    members = [Member(f"{i}.sgf", text.encode(), 0) for i, text in enumerate(texts)]
    return read_members(members, PrepareOptions(**{"size": 9} | options))


def column(rows: Rows, name: str) -> list[float]:
    at = list(COLUMNS).index(name)
    return [row[at] for row in rows.columns]


REFUSED = [
    (game_text("D4 Q16", size=19), {}, "other size", "19x19"),
    (game_text(""), {}, "no moves", ""),
    (game_text("pass pass"), {}, "no moves", "passes only"),
    (game_text("", setup="AB[aa]"), {}, "no moves", ""),
    (game_text("E5 C3 pass"), {"min_moves": 3}, "too short", "2 board moves, 3 wanted"),
    (game_text("E5 C3 E5"), {}, "illegal move", "move 3 (B E5): the point is occupied"),
    (game_text("A2 H8 B1 A1"), {}, "illegal move", "move 4 (W A1): it is suicide"),
    (
        game_text("B1 C1 A2 D2 B3 C3 C2 B2 C2"),
        {},
        "illegal move",
        "move 9 (B C2): it retakes a ko",
    ),
    (
        game_text("E5", setup="AW[ba][ab]AB[aa]"),
        {},
        "illegal move",
        "setup leaves a chain without liberties",
    ),
    (
        game_text("E5 C3", BR="5d", WR="3k"),
        {"min_rank": 6},
        "rank",
        "5d and 3k, none is 6d or more",
    ),
    (game_text("E5 C3"), {"min_rank": 6}, "rank", "unknown and unknown, none is 6d or more"),
    (
        game_text("E5", WR="7d"),
        {"min_rank": 6},
        "rank",
        "unknown and 7d, no move by a player of 6d",
    ),
    (game_text("E5", HA="3"), {"handicap": "none"}, "handicap", "3 stones"),
    (game_text("E5", setup="AW[aa]"), {"handicap": "none"}, "handicap", "setup stones"),
    ("(;GM[2]FF[4]SZ[8];B[aa])", {}, "other game", ""),
    ("(;GM[1]FF[4]SZ[9:13];B[aa])", {}, "not square", ""),
    ("nothing to see", {}, "unreadable", ""),
    ("", {}, "unreadable", "empty file"),
]


@pytest.mark.parametrize(("text", "options", "reason", "detail"), REFUSED)
def test_a_game_is_refused_with_a_reason_and_a_detail(
    text: str, options: Any, reason: Any, detail: Any
) -> None:
    rows = read(text, game_text("E5 C3", BR="9d", WR="9d"), game_text("E5 C3 G7 G3"), **options)
    [first, *_] = rows.rejections
    assert (first.name, first.reason) == ("0.sgf", reason)
    assert detail in first.detail
    assert len(rows.names) + len(rows.rejections) == 3


def test_handicap_none_keeps_games_whose_turn_alone_is_set_up() -> None:
    assert read(game_text("E5", setup="PL[B]", HA="0"), handicap="none").names == ["0.sgf"]


def test_no_limit_on_moves_keeps_even_a_game_without_moves() -> None:
    assert read(game_text("pass"), min_moves=0).positions == [0]


def test_rejections_of_an_archive_pass_through() -> None:
    lost = Rejection(name="a.zip", reason="truncated archive", detail="")
    assert read_members([lost], PrepareOptions()).rejections == [lost]


def test_metadata_becomes_columns_and_nonsense_becomes_unknown() -> None:
    rows = read(
        game_text("E5", BR="P9段", WR="3k?", KM="6.5", DT="2011-02-03", RE="W+R", HA="0"),
        game_text("C3", BR="strong", KM="", DT="yesterday", RE="?", HA="four"),
    )
    assert column(rows, "black_rank") == [19, UNKNOWN_RANK]
    assert column(rows, "white_rank") == [-2, UNKNOWN_RANK]
    assert column(rows, "date") == [20110203, 0]
    assert column(rows, "winner") == [2, 0]
    assert column(rows, "komi")[0] == 6.5
    assert np.isnan(column(rows, "komi")[1])


@pytest.mark.parametrize("symmetry", range(8))
def test_turned_and_mirrored_games_share_the_split_key_but_not_the_identity(symmetry: int) -> None:
    moves = random_game(5, 40)
    rows = read(game_text(moves), game_text(turned(moves, symmetry)))
    assert rows.openings[0] == rows.openings[1]
    assert (rows.identities[0] == rows.identities[1]) == (symmetry == 0)
    assert len(set(column(rows, "split_key"))) == 1


def test_games_that_part_after_sixty_moves_share_the_split_key_and_others_do_not() -> None:
    moves = random_game(9, 66)
    early = [*moves[:30], "pass", *moves[31:]]
    rows = read(game_text(moves), game_text(moves[:62]), game_text(moves[:59]), game_text(early))
    if rows.rejections:
        pytest.fail(str(rows.rejections))
    assert rows.openings[0] == rows.openings[1]
    assert len(set(rows.openings)) == 3


def test_split_keys_are_spread_evenly() -> None:
    rows = read(*(game_text(random_game(seed, 12)) for seed in range(400)))
    keys = np.array(column(rows, "split_key")) / 2**32
    assert abs(keys.mean() - 0.5) < 0.06
    assert 20 < (keys < 0.1).sum() < 65


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2006-03-04", 20060304),
        ("2006-03-04,05", 20060304),
        ("2011", 20110000),
        ("2011-13-01", 20110000),
        ("2008年1月15日", 20080115),
        ("", 0),
        ("12 May", 0),
        ("20060304", 20060304),
        ("2006. 3. 4", 20060304),
        ("２００６－３－４", 20060304),
        ("二〇〇六年十二月三日", 20061203),
        ("04/03/2006", 20060000),
        ("2006-02-30", 20060200),
        ("2006-00-05", 20060000),
        ("2006-03-045", 20060300),
        ("1998 12th Meijin", 19980000),
        ("1998-12th", 19980000),
        ("2001-2002", 20010000),
        ("0000-00-00", 0),
        ("123456", 0),
    ],
)
def test_dates_are_read_as_far_as_they_go(text: str, date: int) -> None:
    assert parse_date(text) == date


def test_reasons_are_counted_from_the_most_frequent_down() -> None:
    reasons = ["rank", "no moves", "no moves", "handicap"]
    rejections = [Rejection(name="x", reason=reason) for reason in reasons]
    assert list(count_reasons(rejections).items()) == [
        ("no moves", 2),
        ("handicap", 1),
        ("rank", 1),
    ]


@pytest.mark.parametrize(
    "options",
    [{"size": 1}, {"size": 26}, {"min_moves": -1}, {"validation": 1.5}, {"handicap": "some"}],
)
def test_impossible_options_are_refused(
    options: dict[str, int] | dict[str, float] | dict[str, str],
) -> None:
    with pytest.raises(ConfigError):
        PrepareOptions(**options)
