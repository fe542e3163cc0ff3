"""Games as they are found in the wild, each written out as bytes."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgfmill import sgf

from gopolicy.errors import ConfigError, SgfError
from gopolicy.go.board import Board
from gopolicy.go.types import PASS, Color, Point, move_event, setup_event
from gopolicy.sgf import GameRecord, Rejection, grammar, parse_games, read_game

COLUMNS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
COLORS = {"B": 1, "W": 2, "E": 0}


def event(text: str, size: int) -> int:
    """Return the event of a text such as "B D4", "W pass", "+B D4" (setup), "+W turn"."""
    color, place = text.lstrip("+").split()
    point = PASS
    if place not in ("pass", "turn"):
        point = Point((size - int(place[1:])) * size + COLUMNS.index(place[0]))
    return (setup_event if text.startswith("+") else move_event)(point, COLORS[color])


def assert_plays(data: bytes, *expected: str, size: int = 19) -> GameRecord:
    """Check that the only game in data is made of the expected events."""
    games = list(parse_games(data, "game.sgf"))
    assert len(games) == 1
    game = games[0]
    assert isinstance(game, GameRecord), game
    assert game.size == size
    assert game.events.dtype == np.uint16
    assert game.events.tolist() == [event(text, size) for text in expected]
    return game


THREE = ("B Q16", "W D4", "B Q4")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"(;GM[1]SZ[19];B[pd];W[dp];B[pp])", id="plain"),
        pytest.param(b"\xef\xbb\xbf(;GM[1]SZ[19];B[pd];W[dp];B[pp])", id="UTF-8 mark"),
        pytest.param("\ufeff(;SZ[19];B[pd];W[dp];B[pp])".encode("utf-16-le"), id="UTF-16 LE mark"),
        pytest.param("\ufeff(;SZ[19];B[pd];W[dp];B[pp])".encode("utf-16-be"), id="UTF-16 BE mark"),
        pytest.param("(;SZ[19];B[pd];W[dp];B[pp])".encode("utf-16-le"), id="UTF-16 LE, no mark"),
        pytest.param("(;SZ[19];B[pd];W[dp];B[pp])".encode("utf-16-be"), id="UTF-16 BE, no mark"),
        pytest.param(b"(;CA[wibble]PB[\xff\xfe];B[pd];W[dp];B[pp])", id="unknown encoding"),
        pytest.param(b"(;CA[UTF-8]PB[\xff\xfe];B[pd];W[dp];B[pp])", id="wrong encoding"),
        pytest.param(b"(;CA[base64]PB[\xff\xfe];B[pd];W[dp];B[pp])", id="codec of no text"),
        pytest.param(b"(;CA[]PB[\xff\xfe];B[pd];W[dp];B[pp])", id="empty encoding"),
        pytest.param(b"(;GaMe[1]SiZe[19];Black[pd];White[dp];Black[pp])", id="long names"),
        pytest.param(b"From: a@b.c\nSubject: (game)\n\n(;;B[pd];W[dp];B[pp])", id="mail header"),
        pytest.param(b"(;;B[pd];W[dp];B[pp])\n-- \nsent from my board", id="junk after"),
        pytest.param(b"(;;B[pd];W[dp];B[pp])" + bytes(700), id="NUL bytes after"),
        pytest.param(b"(;;B[pd];W[dp];B[pp])\x1a", id="end-of-file mark of DOS"),
        pytest.param(b"(;SZ[19];B[pd];W[dp];B[pp]", id="parenthesis not closed"),
        pytest.param(b"(;SZ[19];B[pd];W[dp];B[pp];W[d", id="value not closed"),
        pytest.param(b"(;SZ[19];B[pd];W[dp]C[he [sic] said];B[pp])", id="bracket not escaped"),
        pytest.param(b"(;C[a [b] c]SZ[19];B[pd];W[dp];B[pp])", id="bracket not escaped in root"),
        pytest.param(b"(;SZ[19];B[pd];W[dp]C[a [x\\] b] 1. 2! c];B[pp])", id="junk after bracket"),
        pytest.param(b"(GM[1]SZ[19];B[pd];W[dp];B[pp])", id="no semicolon"),
        pytest.param(b"(GM[1]SZ[19];B[pd](;W[dp];B[pp])(;W[aa]))", id="no semicolon, branches"),
        pytest.param(b";GM[1]SZ[19];B[pd];W[dp];B[pp])", id="no opening parenthesis"),
        pytest.param(b";GM[1]SZ[19];B[pd](;W[dp];B[pp])(;W[aa])", id="no opening, branches"),
        pytest.param(b"(;SZ[19];B[pd]W[dp];B[pp])", id="both colors in one node"),
        pytest.param(b"(;SZ[19]B[pd];W[dp];B[pp])", id="move in the root"),
        pytest.param(b"(;SZ[19:19];B[pd];W[dp];B[pp])", id="size written twice"),
        pytest.param(b"(;SZ[x];B[pd];W[dp];B[pp])", id="size is no number"),
        pytest.param(b"(;SZ[];B[pd];W[dp];B[pp])", id="empty size"),
        pytest.param(b"(;SZ[19]SZ[19];B[pd];W[dp];B[pp])", id="property twice"),
        pytest.param(b"(;B[pd][pd];W[dp];B[pp])", id="value twice"),
        pytest.param(b"(;GM[x];B[pd];W[dp];B[pp])", id="game is no number"),
        pytest.param(b"(;;B [pd]\n;\tW[dp]\r\n;B\n[pp]\n)", id="space everywhere"),
        pytest.param(b"(;;B[ pd ];W[dp\n];B[pp])", id="space in values"),
        pytest.param(b"(;TE[x]RD[2003]KO[];B[pd]BL[9.5]OB[3];W[dp]WL[1];B[pp])", id="other names"),
        pytest.param(b"(;C[see (;B[aa\\]) there];B[pd];W[dp];B[pp])", id="game in a comment"),
        pytest.param(b"(;C[\\\\];B[pd];W[dp];B[pp])", id="escaped backslash"),
        pytest.param(b"(;;B[pd](;W[dp](;B[pp])(;B[qq]))(;W[aa];B[bb]))", id="first branches"),
        pytest.param(b"(;(;B[pd](;W[dp](;B[pp]))))", id="a branch for every move"),
        pytest.param(b"(" * 1500 + b";;B[pd];W[dp];B[pp]" + b")" * 1500, id="parentheses before"),
        pytest.param(b"(;;B[pd];W[dp];B[pp](;)(;))", id="empty branches"),
        pytest.param(b"(;AB[];B[pd];W[dp];B[pp])", id="empty setup"),
        pytest.param(b"(;PL[x];B[pd];W[dp];B[pp])", id="turn of nobody"),
    ],
)
def test_three_moves_are_read_whatever_is_around_them(data: bytes) -> None:
    assert_plays(data, *THREE)


def test_nested_branches_need_no_recursion() -> None:
    data = b"(;" + b"(;B[pd];W[dp]" * 5000 + b")" * 5001
    assert_plays(data, *("B Q16", "W D4") * 5000)


def test_long_games_are_read() -> None:
    assert_plays(b"(;" + b";B[pd];W[dp]" * 4000 + b")", *("B Q16", "W D4") * 4000)


PIECES = [
    b"(", b"(;", b";", b")", b";B[aa]", b";W[bb]", b";B[]", b";W[tt]", b"\n;B[ba]", b"W[ab]",
    b"AB[cc]", b"C[x]", b"C[;B[aa]", b"C[\\];W[aa]", b"GM[1]", b"SZ[3]", b"x", b" ", b"]",
    b"B[zz]", b";B[dd]",
]  # fmt: skip


@given(
    st.sampled_from([b"(;GM[1]SZ[3]", b"(;SZ[3]", b";SZ[3]", b"(SZ[3]", b""]),
    st.lists(st.sampled_from(PIECES), max_size=14),
)
def test_plain_games_are_read_as_any_other(root: bytes, pieces: list[bytes]) -> None:
    data = root + b"".join(pieces) + b")"
    with pytest.MonkeyPatch.context() as patch:
        quick = [describe(game) for game in parse_games(data)]
        patch.setattr(grammar, "_plain_game", lambda data: None)
        assert quick == [describe(game) for game in parse_games(data)]


def describe(game: GameRecord | Rejection) -> object:
    """Return what was read in a form that can be compared."""
    return game if isinstance(game, Rejection) else (game.events.tolist(), game.handicap, game.name)


@pytest.mark.parametrize("written", [b"", b"tt", b" ", b" tt"])
def test_passes_have_two_spellings(written: bytes) -> None:
    assert_plays(b"(;SZ[19];B[" + written + b"];W[dp])", "B pass", "W D4")


def test_tt_is_a_pass_on_small_boards_and_a_point_on_large_ones() -> None:
    assert_plays(b"(;SZ[9];B[tt];W[ee])", "B pass", "W E5", size=9)
    assert_plays(b"(;SZ[21];B[tt];W[])", "B U2", "W pass", size=21)


@pytest.mark.parametrize("size", [2, 9, 13, 19, 25])
def test_corners_are_where_they_belong(size: int) -> None:
    last = bytes([ord("a") + size - 1])
    data = b"(;SZ[%d];B[aa];W[%ba];B[a%b];W[%b%b])" % (size, last, last, last, last)
    right = COLUMNS[size - 1]
    assert_plays(data, f"B A{size}", f"W {right}{size}", "B A1", f"W {right}1", size=size)


def test_setup_comes_before_the_moves_of_its_node() -> None:
    data = b"(;SZ[9]AB[cc][gg]AW[cg]PL[W];W[ee];B[ff]AE[cc]AW[aa];PL[B])"
    first = ("+B C7", "+B G3", "+W C3", "+W turn", "W E5")
    assert_plays(data, *first, "+E C7", "+W A9", "B F4", "+B turn", size=9)


@pytest.mark.parametrize(
    ("written", "color"), [("B", "B"), ("white", "W"), ("1", "B"), ("2", "W"), ("b", "B")]
)
def test_turns_are_written_in_several_ways(written: str, color: str) -> None:
    assert_plays(f"(;SZ[9]PL[{written}])".encode(), f"+{color} turn", size=9)


@pytest.mark.parametrize("value", ["aa:bb", "bb:aa", "ba:ab"])
def test_rectangles_of_setup_stones_are_unfolded(value: str) -> None:
    data = f"(;SZ[9]AB[{value}][ee])".encode()
    assert_plays(data, "+B A9", "+B B9", "+B A8", "+B B8", "+B E5", size=9)


def test_games_of_one_file_are_numbered() -> None:
    data = b"(;SZ[9];B[ee])\n\n(;SZ[13:9])  junk (;SZ[13];B[gg](;W[aa])(;W[bb]))"
    first, second, third = parse_games(data, "all.sgf")
    assert isinstance(first, GameRecord)
    assert isinstance(second, Rejection)
    assert isinstance(third, GameRecord)
    assert [first.name, second.name, third.name] == ["all.sgf", "all.sgf#2", "all.sgf#3"]
    assert (first.size, third.size, third.moves) == (9, 13, 2)


def test_a_game_that_was_not_closed_ends_where_the_next_begins() -> None:
    games = list(parse_games(b"(;GM[1]SZ[9];B[ee]\n(;GM[1]SZ[9];B[aa];W[bb])"))
    assert [game.moves for game in games if isinstance(game, GameRecord)] == [1, 2]


def test_damage_in_a_branch_gives_no_extra_games() -> None:
    data = b"(;SZ[9];B[ee](;W[aa])(;W[bb]C[x]y]z];B[cc](;W[dd])(;W[ff])))(;SZ[9];B[aa])"
    games = list(parse_games(data))
    assert [game.moves for game in games if isinstance(game, GameRecord)] == [2, 1]


def test_an_empty_game_is_a_record_without_moves() -> None:
    assert assert_plays(b"(;)").moves == 0
    assert assert_plays(b"(;GM[1]SZ[9]AB[ee])", "+B E5", size=9).moves == 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "unreadable", id="empty file"),
        pytest.param(bytes(100), "unreadable", id="NUL bytes"),
        pytest.param(b"<html><body>404</body></html>", "unreadable", id="web page"),
        pytest.param(bytes(range(256)) * 40, "unreadable", id="binary"),
        pytest.param(b"PK\3\4\x14(;\x8f\2\0K[\x91" * 9, "unreadable", id="a start in binary"),
        pytest.param(b"(;SZ[13:9];B[aa])", "not square", id="not square"),
        pytest.param(b"(;SZ[0];B[aa])", "other size", id="size 0"),
        pytest.param(b"(;SZ[13 or so];B[aa])", "other size", id="a size that cannot be read"),
        pytest.param(b"(;HA[10];W[aa])", "handicap stones missing", id="ten stones nowhere"),
        pytest.param(b"(;SZ[5]HA[2];W[aa])", "handicap stones missing", id="no fixed points"),
        pytest.param(b"(;SZ[1];B[aa])", "other size", id="size 1"),
        pytest.param(b"(;SZ[37];B[aa])", "other size", id="size 37"),
        pytest.param(b"(;GM[2]SZ[8];B[aa])", "other game", id="othello"),
        pytest.param(b"(;SZ[9];B[jj])", "illegal move", id="off the board"),
        pytest.param(b"(;SZ[9];B[Q16])", "illegal move", id="vertex in place of a point"),
        pytest.param(b"(;SZ[9];B[EE])", "illegal move", id="upper case"),
        pytest.param(b"(;SZ[9]AB[jj])", "illegal move", id="setup off the board"),
        pytest.param(b"(;SZ[9]AB[ee:jj])", "illegal move", id="rectangle off the board"),
        pytest.param(b"(;SZ[9]AB[ee:])", "illegal move", id="half a rectangle"),
        pytest.param(b"(;SZ[9]AB[EE:ff])", "illegal move", id="rectangle in upper case"),
        pytest.param(b"(;SZ[19]" + b";AE[aa:ss]" * 300 + b")", "too large", id="endless setup"),
    ],
)
def test_games_that_cannot_be_told_are_rejected_with_a_reason(data: bytes, reason: str) -> None:
    (rejection,) = parse_games(data, "game.sgf")
    assert isinstance(rejection, Rejection)
    assert (rejection.name, rejection.reason) == ("game.sgf", reason)
    assert rejection.detail
    assert rejection.detail.isprintable()


def test_metadata_are_read() -> None:
    game = assert_plays(
        b"(;PB[Honinbo \\[x\\]]PW[a\nb \\\nc]BR[9d?]WR[3k]KM[6.5]HA[0]DT[2001-02-03]RE[W+Resign]"
        b"RU[Japanese]PC[Tokyo]AP[CGoban:3]C[x];B[pd])",
        "B Q16",
    )
    assert (game.black, game.white) == ("Honinbo [x]", "a b c")
    assert (game.black_rank, game.white_rank) == ("9d?", "3k")
    assert (game.komi, game.handicap, game.date) == (6.5, 0, "2001-02-03")
    assert (game.result, game.winner, game.rules) == ("W+Resign", Color.WHITE, "Japanese")
    assert (game.place, game.application) == ("Tokyo", "CGoban:3")


def test_nothing_in_the_metadata_costs_the_game() -> None:
    game = assert_plays(
        b"(;KM[]HA[four]BR[]WR[???]DT[yesterday]RE[]PB[\x00\x1b[31m]PW[\xff]RU[][]AP[]TM[x];B[pd])",
        "B Q16",
    )
    assert game.komi is None
    assert game.handicap == 4
    assert game.black.isprintable()
    assert game.winner is None


@pytest.mark.parametrize(
    ("root", "handicap"),
    [
        ("", 0),
        ("HA[0]", 0),
        ("HA[1]", 0),
        ("HA[2]", 2),
        ("HA[4]AB[dd][pp]", 4),
        ("AB[dd][pp][dp]", 3),
        ("HA[many]AB[dd][pp][dp]", 3),
        ("AB[dd][pp]AW[dp]", 0),
        ("AB[dd]", 0),
        ("AB[dd][pp]PL[W]", 2),
        ("AB[dd:ee]AE[dd:ee]", 0),
        ("HA[-3]", 0),
        ("HA[99999]", 0),
    ],
)
def test_handicap_is_what_is_said_or_what_is_placed(root: str, handicap: int) -> None:
    assert read_game(f"(;{root};W[qq])".encode()).handicap == handicap


def test_stones_placed_in_a_later_node_are_handicap_too() -> None:
    assert read_game(b"(;HA[0];AB[pd][dp];W[dd];B[pp])").handicap == 2


@pytest.mark.parametrize(
    ("result", "winner"),
    [
        ("B+3.5", Color.BLACK),
        ("W+R", Color.WHITE),
        ("w+0.5", Color.WHITE),
        ("黑中盘胜", Color.BLACK),
        ("白胜", Color.WHITE),
        ("0", None),
        ("Draw", None),
        ("Void", None),
        ("?", None),
        ("", None),
        ("B+3½", Color.BLACK),
        ("Ｗ＋３", Color.WHITE),
        ("B+", Color.BLACK),
        ("White 3.5", Color.WHITE),
        ("白胜1又1/4子", Color.WHITE),
        ("白番中押し勝ち", Color.WHITE),
        ("黑中盘", Color.BLACK),
        ("黑中盘负", Color.WHITE),
        ("黑1目半負", Color.WHITE),
        ("흑 불계승", Color.BLACK),
        ("흑 불계패", Color.WHITE),
        ("白投了", Color.BLACK),
        ("Black wins by resignation", Color.BLACK),
        ("Black resigned", Color.WHITE),
        ("White lost on time", Color.BLACK),
        ("Black resign", None),
        ("Won by resignation", None),
        ("Both players lost", None),
        ("without a result", None),
    ],
)
def test_the_winner_is_found_in_the_result(result: str, winner: Color | None) -> None:
    assert read_game(f"(;RE[{result}])".encode()).winner == winner


def test_a_single_file_is_read_or_an_error_says_why(tmp_path: Path) -> None:
    path = tmp_path / "game.sgf"
    path.write_bytes(b"(;SZ[9];B[ee])")
    assert read_game(path).moves == 1
    for number in (0, -1, 1.5, True, "1"):
        with pytest.raises(ConfigError, match="the number of a game, from 1 on"):
            read_game(path, game=number)  # type: ignore[arg-type]
    with pytest.raises(SgfError, match="there is no game 1000000"):
        read_game(path, game=10**30)
    assert read_game(str(path)).name == str(path)
    path.write_bytes(b"nothing")
    with pytest.raises(SgfError, match=r"game\.sgf: unreadable: no SGF game"):
        read_game(path)
    with pytest.raises(SgfError, match="No such file"):
        read_game(tmp_path / "absent.sgf")
    with pytest.raises(SgfError, match="<SGF text>: not square"):
        read_game(b"(;SZ[13:9])")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.sgf")
    with pytest.raises(SgfError, match=r"a\.sgf: it is a pipe, expected a regular file"):
        read_game(tmp_path / "a.sgf")


def test_handicap_without_stones_stands_on_the_fixed_points_of_gtp() -> None:
    game = assert_plays(
        b"(;GM[1]FF[4]SZ[19]HA[4]KM[0.5];W[qf];B[nc];W[rd];B[qh];W[fc];B[cf])",
        "+B D4", "+B Q16", "+B D16", "+B Q4",
        "W R14", "B O17", "W S16", "B R12", "W F17", "B C14",
    )  # fmt: skip
    assert (game.handicap, game.handicap_placed) == (4, True)


def test_six_stones_stand_above_and_below_where_the_game_needs_it() -> None:
    corners = ("+B D4", "+B Q16", "+B D16", "+B Q4")
    assert_plays(b"(;HA[6];W[qf];B[nc])", *corners, "+B D10", "+B Q10", "W R14", "B O17")
    assert_plays(
        b"(;HA[6];W[pj];B[nc])",
        "+B Q16",
        "+B D4",
        "+B D16",
        "+B Q4",
        "+B K16",
        "+B K4",
        "W Q10",
        "B O17",
    )
    assert_plays(b"(;HA[6];W[pj];B[jd])", *corners, "+B D10", "+B Q10", "W Q10", "B K16")


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"(;HA[2]AB[pd][dp];W[qq])", ["+B Q16", "+B D4", "W R3"]),
        (b"(;HA[3]AB[pd];W[qq])", ["+B Q16", "W R3"]),
        (b"(;HA[2];B[pd];B[dp];W[qq])", ["B Q16", "B D4", "W R3"]),
        (b"(;HA[2];B[pd];W[dp])", ["B Q16", "W D4"]),
        (b"(;HA[2];AB[pd][dp];W[qq])", ["+B Q16", "+B D4", "W R3"]),
        (b"(;HA[0];W[qq])", ["W R3"]),
        (b"(;HA[1];W[qq])", ["W R3"]),
        (b"(;HA[many];W[qq])", ["W R3"]),
        (b"(;HA[4])", []),
    ],
)
def test_no_stones_are_added_where_the_record_says_how_the_game_began(
    data: bytes, events: list[str]
) -> None:
    assert not assert_plays(data, *events).handicap_placed


@pytest.mark.parametrize("root", ["PL[W]", "", "KM[0.5]"])
def test_white_is_to_move_behind_handicap_stones(root: str) -> None:
    data = f"(;GM[1]FF[4]SZ[19]HA[2]AB[pd][dp]{root})".encode()
    assert_plays(data, "+B Q16", "+B D4", "+W turn")
    assert Board.from_events(19, read_game(data).events).to_move == Color.WHITE


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"(;HA[2]AB[pd][dp]PL[B])", ["+B Q16", "+B D4", "+B turn"]),
        (b"(;AB[pd][dp])", ["+B Q16", "+B D4"]),
        (b"(;HA[2]AB[pd][dp]AW[qq])", ["+B Q16", "+B D4", "+W R3"]),
        (b"(;HA[2]AB[pd][dp];B[qq])", ["+B Q16", "+B D4", "B R3"]),
    ],
)
def test_black_is_to_move_where_handicap_does_not_say_otherwise(
    data: bytes, events: list[str]
) -> None:
    assert_plays(data, *events)


@pytest.mark.parametrize(
    "data",
    [
        b"(;B[hh]()(;W[ii]))",
        b"(;B[hh](())(;W[ii])(;W[jj]))",
        b"(;B[hh]( )\n()(;W[ii]()))",
        b"(;B[hh]()(;W[ii]",
        b"(;C[x]B[hh]()(;W[ii]()(;)(;B[aa])))",
    ],
)
def test_an_empty_variation_is_none(data: bytes) -> None:
    assert_plays(data, "B H12", "W J11")


def test_a_variation_of_nothing_but_an_empty_node_ends_the_main_line() -> None:
    assert_plays(b"(;B[hh](;)(;W[ii]))", "B H12")


NODES = st.lists(
    st.tuples(st.sampled_from("BW"), st.sampled_from("abcdefghi"), st.sampled_from("abcdefghi")),
    min_size=1,
    max_size=3,
).map(lambda moves: "".join(f";{color}[{column}{row}]" for color, column, row in moves))
TREES = st.recursive(
    NODES,
    lambda trees: st.tuples(NODES, st.lists(trees, min_size=1, max_size=3)).map(
        lambda pair: pair[0] + "".join(f"~({tree})" for tree in pair[1]) + "~"
    ),
    max_leaves=8,
)


@given(TREES, st.sampled_from(["()", "(())", "( )\n", "()()"]))
def test_between_empty_variations_the_main_line_is_that_of_sgfmill(tree: str, empty: str) -> None:
    whole = f"(;SZ[9]{tree})"
    moves = []
    for node in sgf.Sgf_game.from_string(whole.replace("~", "")).get_main_sequence():
        color, at = node.get_move()
        if color is not None:
            moves.append(move_event(Point((8 - at[0]) * 9 + at[1]), COLORS[color.upper()]))
    assert read_game(whole.replace("~", empty).encode()).events.tolist() == moves
