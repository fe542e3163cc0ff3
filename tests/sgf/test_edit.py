"""Remarks added to SGF texts, which stay what they were; read back with sgfmill."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgfmill import sgf

from gopolicy.errors import SgfError
from gopolicy.go.types import Point
from gopolicy.sgf.edit import SgfText
from gopolicy.sgf.read import parse_games, read_game
from gopolicy.sgf.write import Note

SAMPLE = b"(;GM[1]SZ[9]AB[cc]C[root];B[ee]MA[aa:bc]LB[dd:A];W[gg](;B[gc];W[cg])(;B[cb]C[x]))"


def edited(data: bytes, notes: dict[int, Note]) -> bytes:
    return SgfText(data, read_game(data)).with_notes(notes)


def nodes_of(data: bytes) -> list[sgf.Tree_node]:
    """Return all nodes of the first game, as sgfmill reads them."""
    waiting, found = [sgf.Sgf_game.from_bytes(data).get_root()], []
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += list(node)[::-1]
    return found


def test_sgfmill_reads_the_remarks_and_all_that_was_there() -> None:
    notes = {
        0: Note(comment="of the root", labels={Point(0): "a"}),
        1: Note(comment="of move 1: ]\\[", labels={Point(0): "a", Point(30): "b", Point(80): "c"}),
        4: Note(comment="of move 4", labels={Point(80): "a"}),
    }
    after = nodes_of(edited(SAMPLE, notes))
    comments = [node.get("C") if node.has_property("C") else "" for node in after]
    assert comments == ["root\n\nof the root", "of move 1: ]\\[", "", "", "of move 4", "x"]
    labels = [sorted(node.get("LB")) if node.has_property("LB") else [] for node in after]
    corner, d6, far = (8, 0), (5, 3), (0, 8)
    assert labels[0] == [(corner, "a")]
    assert labels[1] == sorted([((5, 3), "A"), (far, "c")])  # a1 and d6 were marked
    assert labels[4] == [(far, "a")]
    assert d6 in {point for point, _ in labels[1]}
    for one, other in zip(nodes_of(SAMPLE), after, strict=True):
        kept = [name for name in one.properties() if name not in ("C", "LB")]
        assert all(one.get_raw_list(name) == other.get_raw_list(name) for name in kept)
        assert set(other.properties()) - set(one.properties()) <= {"C", "LB"}


def test_marks_of_the_file_are_told_by_move() -> None:
    marked = SgfText(SAMPLE, read_game(SAMPLE)).marked()
    assert marked[1].points == {"aa:bc", "aa", "ab", "ac", "ba", "bb", "bc", "dd"} - {"aa:bc"}
    assert marked[1].labels == {"dd": "A"}
    assert marked[4].points == set()


def test_a_label_of_two_letters_marks_one_point() -> None:
    data = b"(;SZ[9];B[ee]LB[aa:cc])"
    assert SgfText(data, read_game(data)).marked()[1].points == {"aa"}
    (_, move) = nodes_of(edited(data, {1: Note(labels={Point(10): "x"})}))
    assert sorted(move.get("LB")) == [((7, 1), "x"), ((8, 0), "cc")]


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"(;SZ[9]KM[6];AB[ee][cc]PL[W];W[gg])", b"(;SZ[9]KM[6];AB[ee][cc]PL[W]C[0];W[gg]C[1])"),
        (b"(;SZ[9]KM[6];C[x];B[ee];AE[ee];C[y])", b"(;SZ[9]KM[6]C[0];C[x];B[ee];AE[ee]C[1];C[y])"),
        (
            b"(;SZ[9];B[ee];C[y];AW[aa];PL[W];W[bb])",
            b"(;SZ[9]C[0];B[ee];C[y];AW[aa];PL[W]C[1];W[bb]C[2])",
        ),
    ],
)
def test_a_note_stands_where_the_position_is_that_of_the_next_move(
    data: bytes, seen: bytes
) -> None:
    assert edited(data, {number: Note(comment=str(number)) for number in range(3)}) == seen


def test_a_property_of_the_file_keeps_its_value_and_what_goes_with_it_is_not_added() -> None:
    data = b"(;SZ[9]SBKV[40];B[ee]C[x];W[gg])"
    note = Note(comment="seen", properties={"SBKV": "51.20", "SBKS": "-3.00"})
    after = edited(data, dict.fromkeys(range(3), note))
    assert after == (
        b"(;SZ[9]SBKV[40]C[seen];B[ee]C[x\n\nseen]SBKV[51.20]SBKS[-3.00]"
        b";W[gg]C[seen]SBKV[51.20]SBKS[-3.00])"
    )


def test_nothing_is_changed_without_notes() -> None:
    assert edited(SAMPLE, {}) == SAMPLE


def test_a_remark_is_not_repeated() -> None:
    notes = {1: Note(comment="once")}
    once = edited(SAMPLE, notes)
    assert edited(once, notes) == once


@pytest.mark.parametrize(
    "data",
    [
        b"(GM[1]SZ[9];B[ee];W[gg])",
        b";SZ[9];B[ee];W[gg]",
        b"junk in front (;SZ[9];B[ee];W[gg]) and behind",
        b"(;SZ[9];B[ee];W[gg]",
        b"(;SiZe[9];Black[ee];White[gg])",
        b"(;SZ[9]B[ee];W[gg])",
        b"\xef\xbb\xbf(;SZ[9];B[ee]\r\n;W[gg])\r\n",
        "(;CA[UTF-8]SZ[9]PB[棋];B[ee];W[gg])".encode(),
        "(;CA[GBK]SZ[9]PB[棋];B[ee];W[gg])".encode("gbk"),
        "(;CA[Shift_JIS]SZ[9]PB[ソ];B[ee];W[gg])".encode("cp932"),
        b"(;CA[Shift_JIS]SZ[9];B[ee];W[gg]C[\x83\\\\])",
        "\ufeff(;SZ[9]PB[棋];B[ee];W[gg])".encode("utf-16-le"),
        b"(;SZ[9]PB[broken \xff\xe6\xa3\x8b];B[ee];W[gg])",
    ],
    ids=repr,
)
def test_texts_of_all_kinds_only_get_longer(data: bytes) -> None:
    after = edited(data, {k: Note(comment=f"remark {k}") for k in range(3)})
    left = iter(after)
    assert all(byte in left for byte in data)  # in the same order
    for k in range(3):
        plain, wide = f"remark {k}".encode(), f"remark {k}".encode("utf-16-le")
        assert after.count(plain) + after.count(wide) == 1
    before, again = list(parse_games(data)), list(parse_games(after))
    assert [vars_of(game) for game in before] == [vars_of(game) for game in again]


def vars_of(game: object) -> list[str]:
    return [repr(getattr(game, name)) for name in ("size", "events", "black", "name")]


def test_a_text_whose_moves_cannot_be_found_is_refused() -> None:
    data = b"(;SZ[9]C[a [remark] here];B[ee];W[cc])"
    with pytest.raises(SgfError, match="too damaged"):
        SgfText(data, read_game(data, "a.sgf"))


@given(st.binary(max_size=40), st.text(max_size=12))
def test_whatever_is_in_a_comment_the_games_stay_the_same(junk: bytes, remark: str) -> None:
    data = b"(;SZ[9]C[" + junk + b"];B[ee];W[gg])(;SZ[9];B[aa])"
    game = next(parse_games(data))
    if not hasattr(game, "events"):
        return
    try:
        after = edited(data, {k: Note(comment=remark) for k in range(3)})
    except SgfError:
        return
    left = iter(after)
    assert all(byte in left for byte in data)
    assert [vars_of(g) for g in parse_games(after)] == [vars_of(g) for g in parse_games(data)]
