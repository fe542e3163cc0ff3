"""Unconditional life, against diagrams, a twin made of sets, and an attacker who moves alone."""

import numpy as np
import numpy.typing as npt
import pytest

from gopolicy.go.board import Board
from gopolicy.go.life_kernels import TO_CLEAR, mark_settled, new_life_scratch
from gopolicy.go.scoring import neighbors
from gopolicy.go.types import BLACK, BORDER, EMPTY, WHITE, Color, Point


def settled(board: Board, color: int) -> npt.NDArray[np.int8]:
    """Return what `mark_settled` says of one color, [N * N]."""
    arrays = board.arrays
    out = np.zeros(len(arrays.stones), np.int8)
    mark_settled(arrays, color, new_life_scratch(board.size), out)
    inside: npt.NDArray[np.int8] = out[arrays.stones != BORDER]
    return inside


def twin(board: Board, color: int) -> npt.NDArray[np.int8]:
    """Return the same by the definition, with sets."""
    size, stones = board.size, board.stones.ravel()
    chains = {frozenset(board.chain(Point(p))) for p in range(size**2) if stones[p] == color}
    liberties = {c: set(board.liberties(min(c))) for c in chains}
    regions: dict[frozenset[int], set[frozenset[Point]]] = {}
    left = {p for p in range(size**2) if stones[p] != color}
    while left:
        region, edge = set[int](), [min(left)]
        while edge:
            at = edge.pop()
            if at in left:
                left.remove(at)
                region.add(at)
                edge += neighbors(at, size)
        around = {n for at in region for n in neighbors(at, size)} - region
        regions[frozenset(region)] = {c for c in chains if c & around}
    empty = {r: {p for p in r if stones[p] == EMPTY} for r in regions}
    alive, safe = set(chains), set(regions)
    while True:
        living = {
            c for c in alive if sum(c in regions[r] and empty[r] <= liberties[c] for r in safe) >= 2
        }
        safer = {r for r in safe if regions[r] <= living}
        if (living, safer) == (alive, safe):
            break
        alive, safe = living, safer
    out = np.zeros(size**2, np.int8)
    for chain in alive:
        out[list(chain)] = color
    for r in safe:
        if empty[r] <= set().union(*(liberties[c] for c in regions[r])):
            out[list(r)] = color
            if any(stones[p] for p in r):
                out[list(empty[r])] += TO_CLEAR
    return out


def random_board(size: int, seed: int) -> Board:
    """Return a board after random moves, White passing now and then so that Black lives."""
    dice, board = np.random.default_rng(seed), Board(size)
    for _ in range(int(dice.integers(size, 3 * size * size))):
        legal = np.flatnonzero(board.legal_mask())
        if not len(legal) or (board.to_move == WHITE and dice.random() < 0.4):
            board.play("pass")
        else:
            board.play(Point(int(dice.choice(legal))))
    return board


@pytest.mark.parametrize("size", [3, 5, 7])
def test_the_kernel_says_what_the_definition_says(size: int) -> None:
    living = 0
    for seed in range(150):
        board = random_board(size, seed)
        for color in (BLACK, WHITE):
            found = settled(board, color)
            assert np.array_equal(found, twin(board, color)), str(board)
            living += bool(found.any())
    assert living > 15


def test_whoever_lives_cannot_be_captured_by_an_attacker_who_moves_alone() -> None:
    attacked = 0
    for seed in range(100):
        board = random_board(5, seed)
        stones = np.flatnonzero((settled(board, BLACK) == BLACK) & (board.stones.ravel() == BLACK))
        dice = np.random.default_rng(seed)
        for _ in range(60 if len(stones) else 0):
            legal = np.flatnonzero(board.legal_mask(Color.WHITE))
            if len(legal):
                board.play(Point(int(dice.choice(legal))), Color.WHITE)
        attacked += len(stones) > 0
        assert (board.stones.ravel()[stones] == BLACK).all()
    assert attacked > 10


def test_two_eyes_live_and_dead_stones_are_to_be_cleared() -> None:
    board = Board.from_diagram("""
        . X O . O
        X X X . .
        . X . X X
        X X X . .
        . . . . .""")
    black = settled(board, BLACK).reshape(5, 5)
    assert black[0, 0] == black[2, 0] == BLACK
    assert black[0, 3] == black[1, 3] == 0  # not all of these are liberties of one chain
    dead = Board.from_diagram("""
        . X O . X
        X X X X X
        . . . . .
        . . . . .
        . . . . .""")
    assert settled(dead, BLACK).reshape(5, 5)[0].tolist() == [1, 1, 1, BLACK + TO_CLEAR, 1]
    assert not settled(dead, WHITE).any()
