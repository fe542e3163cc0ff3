"""Targets of outcomes, against a slow look at every position by itself."""

import dataclasses

import numpy as np
import pytest

from gopolicy.data.outcome_targets import outcome_targets
from gopolicy.data.played_out import PlayedOut
from gopolicy.data.sampling import Draw
from gopolicy.data.table import GameTable

SIZE = 9


def with_ends(table: GameTable, starts: int = 0) -> tuple[GameTable, np.ndarray]:
    """Return the table with random ends of games, komi and winners, and the owners [G, N, N]."""
    dice = np.random.default_rng(4)
    owners = dice.integers(-1, 2, (table.games, SIZE * SIZE)).astype(np.int8)
    ends = PlayedOut.pack(SIZE, owners.sum(1), np.full(table.games, starts), owners)
    komi = dice.choice([0.5, 6.5, 7.0, np.nan], table.games).astype(np.float32)
    winner = dice.integers(0, 3, table.games).astype(np.int8)
    changed = dataclasses.replace(table, played_out=ends, komi=komi, winner=winner)
    return changed, owners.reshape(-1, SIZE, SIZE)


def drawn(table: GameTable) -> Draw:
    dice = np.random.default_rng(5)
    ids = dice.integers(0, table.positions, 300)
    return Draw(ids, dice.integers(0, 8, 300).astype(np.int8), np.zeros(300, np.bool_))


def turned(board: np.ndarray, symmetry: int) -> np.ndarray:
    """Return a board after a symmetry: transposed by bit 2, then flipped by bits 0 and 1."""
    board = board.T if symmetry & 4 else board
    board = board[::-1] if symmetry & 1 else board
    return board[:, ::-1] if symmetry & 2 else board


def test_targets_are_those_of_each_position_by_itself(small_table: GameTable) -> None:
    table, owners = with_ends(small_table)
    draw = drawn(table)
    found = outcome_targets(table, draw)
    told = 0
    for b, (position, symmetry) in enumerate(zip(draw.position_ids, draw.symmetries, strict=True)):
        game = next(g for g in range(table.games) if table.position_offsets[g + 1] > position)
        located = table.locate(np.array([position]))
        event = int(table.game_events(game)[located.indices[0]])
        sign = 1 if event >> 10 & 3 == 1 else -1
        assert found.color[b] == sign
        board = turned(owners[game], int(symmetry)) * sign
        assert np.array_equal(found.owners[b].reshape(SIZE, SIZE), board)
        assert found.scores[b] == board.sum()
        komi, winner = float(table.komi[game]), int(table.winner[game])
        if np.isnan(komi):
            assert found.won[b] == 0
            continue
        assert found.komi[b] == sign * komi
        mover = 1 if sign == 1 else 2
        assert found.won[b] == (0 if not winner else 1 if winner == mover else -1)
        ahead = np.sign(board.sum() - sign * komi)
        assert found.counted[b] == (found.won[b] in (0, ahead))
        told += int(found.counted[b])
    assert 30 < told < 270  # both kinds were there


def test_what_was_played_before_the_start_is_not_told(small_table: GameTable) -> None:
    table, _ = with_ends(small_table, starts=20)
    draw = drawn(table)
    late = table.locate(draw.position_ids).indices >= 20
    counted = outcome_targets(table, draw).counted
    assert not counted[~late].any()
    assert counted[late].any()


def test_a_table_without_ends_tells_who_won(small_table: GameTable) -> None:
    table, _ = with_ends(small_table)
    bare = dataclasses.replace(table, played_out=None)
    draw = drawn(table)
    found = outcome_targets(bare, draw)
    assert not found.counted.any()
    assert np.array_equal(found.won, outcome_targets(table, draw).won)


@pytest.mark.parametrize("symmetry", range(8))
def test_symmetries_of_targets_are_those_of_planes(small_table: GameTable, symmetry: int) -> None:
    """The stones of a position, turned as planes are, lie where the turned owners say."""
    from gopolicy.data.loader import encode_draw
    from gopolicy.features.encode import Encoder

    position = int(small_table.position_offsets[1]) - 1  # the last of the first game
    draw = Draw(np.array([position]), np.array([symmetry], np.int8), np.zeros(1, np.bool_))
    straight = draw._replace(symmetries=np.zeros(1, np.int8))
    encoder = Encoder("stones", SIZE)
    before = encode_draw(small_table, encoder, straight).planes[0, 0].ravel()
    after = encode_draw(small_table, encoder, draw).planes[0, 0].ravel()
    color = int(small_table.game_events(0)[small_table.locate(draw.position_ids).indices[0]])
    sign = 1 if color >> 10 & 3 == 1 else -1
    owners = np.zeros((small_table.games, SIZE * SIZE), np.int8)
    owners[0] = before * sign
    ends = PlayedOut.pack(SIZE, owners.sum(1), np.zeros(small_table.games), owners)
    table = dataclasses.replace(small_table, played_out=ends)
    assert np.array_equal(outcome_targets(table, draw).owners[0], after)
