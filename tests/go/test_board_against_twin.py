"""`Board` compared with the slow twin on every point of random games under every ko rule."""

import random

import numpy as np
import pytest
from reference.go_twin import TwinGame, liberties, region

from gopolicy.errors import GoPolicyError, IllegalMove, Refusal
from gopolicy.go.board import Board
from gopolicy.go.superko import Superko
from gopolicy.go.types import PASS, Color, Point

KO_RULES = ("none", "positional", "situational")
RULES = [(superko, suicide) for superko in KO_RULES for suicide in (False, True)]


class Pair:
    """One game played on both boards."""

    def __init__(self, size: int, superko: Superko, suicide: bool) -> None:
        self.size = size
        self.board = Board(size, superko=superko, suicide=suicide)
        self.twin = TwinGame(size, superko, suicide)
        self.seen: set[Refusal | None] = set()

    def spot(self, point: int) -> tuple[int, int]:
        return divmod(int(point), self.size)

    def compare_stones(self) -> None:
        stones = np.zeros((self.size, self.size), np.int8)
        for spot, color in self.twin.stones.items():
            stones[spot] = color
        assert np.array_equal(self.board.stones, stones), str(self.board)
        assert self.board.captures == self.twin.captures
        assert self.board.to_move == self.twin.to_move

    def compare_legality(self) -> None:
        for color in (Color.BLACK, Color.WHITE):
            reasons = [self.twin.refusal(self.spot(point), color) for point in range(self.size**2)]
            self.seen.update(reasons)
            for point, reason in enumerate(reasons):
                found = self.board.refusal(Point(point), color)
                assert found is reason, (self.spot(point), color, str(self.board))
            mask = self.board.legal_mask(color)
            assert mask.tolist() == [reason is None for reason in reasons]

    def compare_chains(self) -> None:
        for spot in self.twin.stones:
            point = Point(spot[0] * self.size + spot[1])
            assert {self.spot(p) for p in self.board.chain(point)} == region(
                self.twin.stones, spot, self.size
            )
            assert {self.spot(p) for p in self.board.liberties(point)} == liberties(
                self.twin.stones, spot, self.size
            )

    def compare_score(self) -> None:
        score = self.board.area_score()
        assert (score.black, score.white) == (self.twin.area(1), self.twin.area(2) + 7.5)

    def play(self, point: Point, color: Color) -> None:
        self.board.play(point, color)
        self.twin.play(None if point == PASS else self.spot(point), color)

    def refuse(self, color: Color) -> None:
        """Illegal moves raise with their reason and change nothing."""
        for point in np.flatnonzero(~self.board.legal_mask(color))[:3]:
            reason = self.board.refusal(Point(point), color)
            with pytest.raises(IllegalMove) as caught:
                self.board.play(Point(point), color)
            assert caught.value.reason is reason
        self.compare_stones()


def choose(pair: Pair, rng: random.Random, color: Color) -> Point:
    """Mostly a legal point near the last move, so that captures and ko fights happen."""
    legal = [Point(int(p)) for p in np.flatnonzero(pair.board.legal_mask(color))]
    if not legal or rng.random() < 0.03:
        return PASS
    last = pair.board.last_move
    if last is None or last == PASS or rng.random() < 0.3:
        return rng.choice(legal)
    row, column = pair.spot(last)
    around = [p for p in legal if abs(p // pair.size - row) + abs(p % pair.size - column) <= 2]
    return rng.choice(around or legal)


def random_game(pair: Pair, rng: random.Random, moves: int, every: int = 1) -> None:
    for move in range(moves):
        color = pair.board.to_move
        if rng.random() < 0.02:
            color = color.opponent
        pair.play(choose(pair, rng, color), color)
        pair.compare_stones()
        if move % every == 0:
            pair.compare_legality()
            pair.refuse(pair.board.to_move)
    pair.compare_chains()
    pair.compare_score()


@pytest.mark.parametrize(("superko", "suicide"), RULES)
@pytest.mark.parametrize(("size", "games", "moves"), [(2, 12, 30), (3, 12, 40), (5, 8, 80)])
def test_small_boards_agree_with_the_twin(
    size: int, games: int, moves: int, superko: Superko, suicide: bool
) -> None:
    rng = random.Random(f"{size} {superko} {suicide}")
    seen: set[Refusal | None] = set()
    for _ in range(games):
        pair = Pair(size, superko, suicide)
        random_game(pair, rng, moves)
        seen |= pair.seen
    assert (Refusal.SUICIDE in seen) is not suicide
    assert (Refusal.SUPERKO in seen) is (superko != "none")
    assert size == 5 or (Refusal.KO in seen) is (size == 3), "no ko fits on 2x2"


@pytest.mark.parametrize(("superko", "suicide"), RULES)
def test_7x7_agrees_with_the_twin(superko: Superko, suicide: bool) -> None:
    rng = random.Random(f"7 {superko} {suicide}")
    random_game(Pair(7, superko, suicide), rng, 100, every=3)


@pytest.mark.slow
@pytest.mark.parametrize(("superko", "suicide"), RULES)
@pytest.mark.parametrize(
    ("size", "games", "moves"),
    [(2, 300, 40), (3, 200, 60), (4, 100, 80), (5, 60, 120), (7, 15, 200), (9, 8, 250)],
)
def test_many_games_on_small_boards_agree_with_the_twin(
    size: int, games: int, moves: int, superko: Superko, suicide: bool
) -> None:
    rng = random.Random(f"many {size} {superko} {suicide}")
    for _ in range(games):
        random_game(Pair(size, superko, suicide), rng, moves)


@pytest.mark.slow
@pytest.mark.parametrize(("superko", "suicide"), RULES)
@pytest.mark.parametrize(("size", "moves", "every"), [(13, 300, 2), (19, 500, 5), (25, 700, 10)])
def test_large_boards_agree_with_the_twin(
    size: int, moves: int, every: int, superko: Superko, suicide: bool
) -> None:
    rng = random.Random(f"{size} {superko} {suicide}")
    random_game(Pair(size, superko, suicide), rng, moves, every)


def legal_setup(rng: random.Random, size: int) -> dict[tuple[int, int], int]:
    """Random stones, every chain with a liberty."""
    while True:
        cells = [(row, column) for row in range(size) for column in range(size)]
        stones = {cell: rng.choice((1, 2)) for cell in cells if rng.random() < 0.5}
        if all(liberties(stones, spot, size) for spot in stones):
            return stones


@pytest.mark.parametrize(("superko", "suicide"), RULES)
@pytest.mark.parametrize("size", [3, 5])
def test_games_with_setup_in_the_middle_agree_with_the_twin(
    size: int, superko: Superko, suicide: bool
) -> None:
    rng = random.Random(f"setup {size} {superko} {suicide}")
    pair = Pair(size, superko, suicide)
    for _ in range(6):
        wanted = legal_setup(rng, size)
        by_color = {
            color: [
                Point(row * size + column)
                for row in range(size)
                for column in range(size)
                if wanted.get((row, column), 0) == color
            ]
            for color in (0, 1, 2)
        }
        to_move = rng.choice((Color.BLACK, Color.WHITE))
        pair.board.setup(by_color[1], by_color[2], by_color[0], to_move)
        pair.twin.set_up(wanted, to_move)
        pair.compare_legality()
        random_game(pair, rng, 15)


@pytest.mark.parametrize(("superko", "suicide"), RULES)
def test_undo_goes_back_through_the_same_positions(superko: Superko, suicide: bool) -> None:
    rng = random.Random(f"undo {superko} {suicide}")
    for size in (2, 3, 5):
        pair = Pair(size, superko, suicide)
        seen = [photograph(pair.board)]
        for move in range(40):
            if move == 20:
                point = int(rng.choice(np.flatnonzero(pair.board.stones == 0)))
                pair.board.setup(empty=[Point(point)], to_move=Color.WHITE)
            else:
                pair.board.play(choose(pair, rng, pair.board.to_move))
            seen.append(photograph(pair.board))
        for steps in (0, 1, 7, 3, 15):  # also over the setup
            del seen[len(seen) - steps :]
            pair.board.undo(steps)
            assert photograph(pair.board) == seen[-1]
        while len(seen) > 1:
            assert photograph(pair.board) == seen.pop()
            pair.board.undo()
        assert photograph(pair.board) == seen.pop()
        with pytest.raises(GoPolicyError, match="no move to take back"):
            pair.board.undo()


@pytest.mark.parametrize("superko", ["positional", "situational"])
def test_undoing_a_setup_leaves_copies_alone(superko: Superko) -> None:
    board = Board(5, superko=superko)
    board.play("A1")
    board.play("B1")
    board.setup(black=["C3"])
    other, twin = board.copy(), Board(5, superko=superko)
    board.undo()
    board.play("D4")
    other.undo()
    twin.play("A1")
    twin.play("B1")
    for move in ("C3", "D4", "A2", "B2", "A3", "C1", "pass", "pass"):
        assert np.array_equal(other.legal_mask(), twin.legal_mask())
        other.play(move)
        twin.play(move)
    other.undo(10)
    board.undo(3)
    with pytest.raises(GoPolicyError, match="no move to take back"):
        board.undo()


@pytest.mark.parametrize(("superko", "suicide"), RULES)
def test_a_game_goes_on_under_other_rules(superko: Superko, suicide: bool) -> None:
    rng = random.Random(f"rules {superko} {suicide}")
    seen: set[Refusal | None] = set()
    for size in (2, 3, 3, 4):
        free, pair = Pair(size, "none", True), Pair(size, superko, suicide)
        positions = []
        for _ in range(40):
            positions.append(free.board.stones.tobytes())
            color = Color(rng.choice((1, 2)))
            point = choose(free, rng, color)
            free.play(point, color)
            pair.twin.play(None if point == PASS else pair.spot(point), color)
        pair.board = free.board.with_rules(superko=superko, suicide=suicide)
        pair.compare_stones()
        pair.compare_legality()
        assert np.array_equal(pair.board.events, free.board.events)
        while positions:
            pair.board.undo()
            assert pair.board.stones.tobytes() == positions.pop()
        seen |= pair.seen
    assert (Refusal.SUPERKO in seen) is (superko != "none")
    assert (Refusal.SUICIDE in seen) is not suicide


def photograph(board: Board) -> tuple[object, ...]:
    """Everything about a board that undo must restore."""
    return (
        board.stones.tobytes(),
        board.events.tobytes(),
        dict(board.captures),
        board.to_move,
        board.ply,
        board.arrays.ko[0] and tuple(board.arrays.ko),
        np.where(board.arrays.stones % 3 > 0, board.arrays.birth, 0).tobytes(),
        [
            board.refusal(Point(p), c)
            for p in range(board.size**2)
            for c in (Color.BLACK, Color.WHITE)
        ],
    )
