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
        ("KM[0]HA[2]AB[gc][cg]RU[Japanese]", 0.0),
        ("KM[0.5]HA[2]AB[gc][cg]RU[Chinese]", 2.5),
        ("KM[0.5]HA[2]AB[gc][cg]RU[AGA]", 1.5),
        ("KM[0.5]HA[2]AB[gc][cg]RU[what we agreed on]", 0.5),
    ],
)
def test_komi_and_the_points_for_handicap_stones_count(root: str, komi: float) -> None:
    record = read_game(f"(;SZ[9]{root};W[ee];B[dd])".encode())
    assert board_after(record).komi == komi
    assert [position_before(record, move).board.komi for move in (1, 2, 3)] == [komi] * 3
