"""The board of a record has the komi that the game was played for."""

import pytest

from gopolicy.sgf.positions import board_after, position_before
from gopolicy.sgf.read import read_game


@pytest.mark.parametrize(
    ("root", "komi"),
    [
        ("KM[6.5]", 6.5),
        ("KM[-3]", -3.0),
        ("", 0.0),
        ("KM[0.5]HA[2]AB[gc][cg]RU[Chinese]", 2.5),
        ("KM[0.5]HA[2]AB[gc][cg]RU[AGA]", 1.5),
        ("KM[0.5]HA[2]AB[gc][cg]RU[what we agreed on]", 0.5),
    ],
)
def test_komi_and_the_points_for_handicap_stones_count(root: str, komi: float) -> None:
    record = read_game(f"(;SZ[9]{root};W[ee];B[dd])".encode())
    assert board_after(record).komi == komi
    assert [position_before(record, move).board.komi for move in (1, 2, 3)] == [komi] * 3


def test_by_territory_nothing_changes_in_an_even_game() -> None:
    record = read_game(b"(;SZ[9]KM[6.5]RU[Korean];B[ee];W[dd];B[df])")
    assert {position.board.komi for position in record.positions()} == {6.5}
    assert position_before(record).board.komi == 6.5


@pytest.mark.parametrize("to_move", ["", "PL[W]"])
def test_by_territory_handicap_stones_are_no_points_of_area(to_move: str) -> None:
    text = f"(;SZ[9]KM[0.5]HA[3]AB[gc][cg][gg]{to_move}RU[Japanese];W[ee];B[dd];W[];B[];W[])"
    record = read_game(text.encode())
    assert board_after(record).komi == 0.5
    komis = [position.board.komi for position in record.positions()]
    assert komis == [2.5, 2.5, 2.5, 3.5, 3.5]  # a pass is a point of area and none of territory
    assert [position_before(record, number).board.komi for number in range(1, 6)] == komis
