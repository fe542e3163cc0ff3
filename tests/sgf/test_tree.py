"""Trees of variations: everything is kept, and what is written is what was read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgfmill import sgf

from gopolicy.errors import SgfError
from gopolicy.sgf.read import parse_games, read_game
from gopolicy.sgf.record import Rejection
from gopolicy.sgf.tree import GameTree, TreeNode, read_trees, write_tree, write_trees

GAME = """(;SZ[9]PB[山下]C[本因坊ソ表 \\] \\\\];B[cc]BL[100](;W[dd]XX[a][b]LB[dd:1]
(;B[ee])(;B[ff]C[two
lines]))(;W[gg]TR[aa][bb]))"""


def shape(node: TreeNode) -> tuple[object, ...]:
    """Return everything of a node and of what follows it."""
    return dict(node.properties), [shape(child) for child in node.children]


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "utf-16", "utf-8-sig"])
def test_everything_is_kept_in_any_encoding(encoding: str) -> None:
    (tree,), remarks = read_trees(GAME.encode(encoding), "game")
    assert remarks == []
    assert tree.root.text("C") == "本因坊ソ表 ] \\"
    assert len(tree.nodes) == 6
    written = write_trees([tree])
    (again,), _ = read_trees(written, "again")
    said = {"FF": [b"4"], "CA": [b"UTF-8"], "GM": [b"1"]}
    assert again.root.properties == tree.root.properties | said
    assert shape(again.root)[1] == shape(tree.root)[1]
    independent = sgf.Sgf_game.from_bytes(written)
    assert independent.get_root().get("PB") == "山下"
    assert [len(node) for node in independent.get_main_sequence()] == [1, 2, 2, 0]  # children
    assert independent.get_root()[0][0].get_raw_list("XX") == [b"a", b"b"]


def test_lines_and_paths_follow_first_children() -> None:
    (tree,), _ = read_trees(GAME.encode(), "game")
    second = tree.root.children[0].children[1]
    line = tree.line_through(second)
    assert [node.line("W") or node.line("B") for node in line] == ["", "cc", "gg"]
    assert second.path() == line
    assert tree.main_events() == read_game(GAME.encode()).events.tolist()


def test_nodes_are_added_and_removed() -> None:
    tree = GameTree({"SZ": [b"9"]}, 9)
    first = tree.add(tree.root, {"B": [b"ee"]})
    second = tree.add(first, {"W": [b""]})
    tree.remove(first)
    assert list(tree.nodes) == [0]
    assert tree.add(tree.root, {}).number > second.number
    with pytest.raises(SgfError):
        tree.remove(tree.root)


def test_texts_are_escaped() -> None:
    tree = GameTree({"SZ": [b"9"]}, 9)
    text = "a ] b \\ c [ ; ( ) 碁\nend\\"
    tree.root.set_text("C", text)
    assert read_trees(write_trees([tree]), "x")[0][0].root.text("C") == text
    tree.root.set_text("C", "")
    assert b"C[" not in write_trees([tree]).replace(b"CA[", b"")


def test_handicap_stones_that_were_left_out_are_put_in() -> None:
    (tree,), remarks = read_trees(b"(;SZ[9]HA[2];W[ee])", "fox")
    assert tree.root.properties["AB"] == [b"cg", b"gc"]
    assert "fixed points" in remarks[0]


def test_of_a_damaged_game_the_main_line_is_left() -> None:
    (tree,), remarks = read_trees(b"(;SZ[9];B[cc];W[dd]C[oops ] broken];B[ee])", "game")
    assert [node.line("B") for node in tree.line_through(tree.root)] == ["", "cc", "", "ee"]
    assert "damaged" in remarks[0]


BAD_POINT = b"(;GM[1]SZ[19];B[zz];W[dd])"
EVEN = b"(;GM[1]SZ[19]PB[one]C[even];B[qd];W[dd])"
TWO_STONES = b"(;GM[1]SZ[19]HA[2]PB[two];W[qd];B[cc])"
OBLONG = b"(;CA[GB18030]GM[1]SZ[7:9]C[\xb0\xd7])"
CHESS = b"(;GM[3]C[chess];B[e2e4](;W[a])(;W[b]))"
NINE = b"(;SZ[9]PB[nine];B[aa](;W[dd])(;W[ee]C[v]))"


@pytest.mark.parametrize(
    ("games", "readable"),
    [
        ([BAD_POINT, EVEN, TWO_STONES], [1, 2]),
        ([OBLONG, NINE, EVEN, CHESS], [1, 2]),
        ([NINE, CHESS, CHESS, EVEN], [0, 3]),
        ([OBLONG, NINE, NINE.replace(b"nine", b"also"), CHESS], [1, 2]),
    ],
)
def test_games_that_cannot_be_read_change_no_other_and_stay_in_the_file(
    games: list[bytes], readable: list[int]
) -> None:
    data = b"\n".join(games)
    trees, remarks = read_trees(data, "file")
    for tree, number in zip(trees, readable, strict=True):
        (alone,), _ = read_trees(games[number], "x")
        assert write_tree(tree) == write_tree(alone)
    written = write_trees(trees)
    for old, new in zip(parse_games(data, "f"), parse_games(written, "f"), strict=True):
        assert type(old) is type(new)
        if isinstance(old, Rejection) and isinstance(new, Rejection):
            assert (old.reason, old.detail) == (new.reason, new.detail)
            assert any(old.detail in remark for remark in remarks)
    if CHESS in games:
        assert b"(;CA[UTF-8]GM[3]C[chess];B[e2e4]\n(;W[a])\n(;W[b]))\n" in written
    if OBLONG in games:
        assert "(;CA[UTF-8]GM[1]SZ[7:9]C[白])".encode() in written


def test_a_fragment_behind_damaged_brackets_is_no_game() -> None:
    damaged = b"(;SZ[9]PB[Ann]KM[5.5]C[see [1] below](;B[ee];W[cc];B[gg])(;B[gg];W[gc]))"
    (tree,), remarks = read_trees(damaged, "game")
    assert (tree.size, tree.root.line("PB"), tree.root.line("KM")) == (9, "Ann", "5.5")
    assert remarks == ["game: damaged, so only its main line is here"]


def test_what_damage_hides_is_said() -> None:
    damaged = b"(;SZ[9];B[ee](;W[cc];B[gg])(;W[gc]C[see [1] here];B[cg])(;W[cg]C[more]))"
    (tree,), remarks = read_trees(damaged, "game")
    assert [node.line("B") for node in tree.line_through(tree.root)] == ["", "ee", "", "gg"]
    assert remarks == ["game: damaged, so parts of it are not here"]


@pytest.mark.parametrize(
    "text",
    [b"(;SZ[9];B[aa]);W[bb];B[cc])", b"(;SZ[9];B[aa](;W[bb]));B[cc];W[dd])(;SZ[9];B[dd])"],
)
def test_moves_behind_a_game_that_closes_too_early_are_missed(text: bytes) -> None:
    trees, remarks = read_trees(text, "game")
    assert [tree.complete for tree in trees] == [False, *(True for _ in trees[1:])]
    assert len(remarks) == 1
    assert remarks[0].endswith(": damaged, so parts of it are not here")
    harmless = b"(;SZ[9];B[aa]) and; then -- [x] (;SZ[9];B[bb])\n;"
    assert read_trees(harmless, "game")[1] == []


@pytest.mark.parametrize(
    "game",
    [b"(;SZ[9];B[ee];W[cc]B[gg];W[cg])", b"(;SZ[9];B[ee];AE[aa:ii]AB[cc]AW[dd];W[gg])"],
)
def test_what_happens_first_at_a_node_stays_first(game: bytes) -> None:
    before = read_game(game)
    trees, _ = read_trees(game, "game")
    assert np.array_equal(read_game(write_trees(trees)).events, before.events)


@pytest.mark.parametrize("data", [b"", b"no game", b"(;SZ[9];B[zz])", b"(;GM[2];B[aa])"])
def test_what_is_no_game_is_refused(data: bytes) -> None:
    with pytest.raises(SgfError, match="thing"):
        read_trees(data, "thing")


def test_deep_variations_take_no_recursion() -> None:
    deep = b"(;SZ[9]" + b"(;B[aa]" * 20_000 + b")" * 20_001
    (tree,), _ = read_trees(deep, "deep")
    assert len(tree.nodes) == 20_001
    assert len(write_trees([tree])) > 20_000


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60).map(lambda data: b"(;SZ[9];B[aa]" + data))
def test_no_bytes_break_it(data: bytes) -> None:
    try:
        trees, _ = read_trees(data, "x")
    except SgfError:
        return
    for tree, again in zip(trees, read_trees(write_trees(trees), "y")[0], strict=True):
        assert np.array_equal(tree.main_events(), again.main_events())


def test_games_without_an_end_are_read_in_a_time_that_grows_as_they_do() -> None:
    """Formerly every game was looked for in all that was left, which took longer than any test."""
    points = [f"{chr(97 + k % 19)}{chr(97 + k // 19 % 19)}" for k in range(5000)]
    data = "".join(f"(;GM[1]SZ[19];B[{point}]" for point in points).encode()
    trees, remarks = read_trees(data, "open.sgf")
    records = list(parse_games(data))
    assert [tree.main_events() for tree in trees] == [
        record.events.tolist() for record in records if not isinstance(record, Rejection)
    ]
    assert "damaged" in remarks[0]
