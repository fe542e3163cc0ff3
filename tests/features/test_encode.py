"""One encoder: the same bytes by every road, turned when the board is turned."""

import numpy as np
import pytest

from gopolicy.errors import ConfigError
from gopolicy.features import PLANE_SETS, Encoder, Samples, plane_set
from gopolicy.go.board import Board
from gopolicy.go.symmetry import SYMMETRIES, symmetry_table
from gopolicy.go.types import EVENT_SETUP, PASS, Color, Point, setup_event

ALL_SETS = sorted(PLANE_SETS)


def random_game(size: int, seed: int, moves: int, handicap: int = 0) -> Board:
    """Play legal moves at random, with a pass now and then."""
    rng = np.random.default_rng(seed)
    board = Board(size)
    if handicap:
        points = rng.choice(size * size, handicap, replace=False)
        board.setup([Point(int(point)) for point in points], [], to_move=Color.WHITE)
    for _ in range(moves):
        legal = np.flatnonzero(board.legal_mask())
        pass_now = len(legal) == 0 or rng.random() < 0.03
        board.play(PASS if pass_now else Point(int(rng.choice(legal))))
    return board


def turned(board: Board, symmetry: int) -> Board:
    """Play the same game on a turned board."""
    table = symmetry_table(board.size)[symmetry]
    moved = board.events.copy()
    points = moved & 0x3FF
    on_board = points < board.size**2
    kept = moved[on_board] & ~np.uint16(0x3FF)
    moved[on_board] = kept | table[points[on_board]].astype(np.uint16)
    return Board.from_events(board.size, moved)


@pytest.mark.parametrize("name", ALL_SETS)
@pytest.mark.parametrize("size", [5, 9, 19])
def test_encoding_a_turned_game_turns_the_planes(name: str, size: int) -> None:
    encoder = Encoder(name, size)
    game = random_game(size, size, size * size, handicap=2)
    planes = encoder.board(game.arrays, Color.BLACK)
    for symmetry in range(SYMMETRIES):
        table = symmetry_table(size)[symmetry]
        flat = np.empty((len(planes), size * size), np.int8)
        flat[:, table] = planes.reshape(len(planes), -1)
        expected = flat.reshape(planes.shape)
        assert np.array_equal(encoder.board(turned(game, symmetry).arrays, Color.BLACK), expected)
        assert np.array_equal(encoder.board(game.arrays, Color.BLACK, symmetry), expected)


@pytest.mark.parametrize("name", ALL_SETS)
def test_board_game_and_batch_give_the_same_bytes(name: str) -> None:
    encoder = Encoder(name, 9)
    games = [random_game(9, seed, 60, handicap=seed % 3).events for seed in range(4)]
    events = np.concatenate(games)
    begin = 0
    for game in games:
        by_game, targets = encoder.game(game)
        moves = np.flatnonzero((game & EVENT_SETUP == 0) & (game & 0x3FF < 81))
        everywhere = np.full(len(moves), begin)
        samples = Samples(everywhere, begin + moves, np.zeros(len(moves), np.int8))
        by_batch, batch_targets = encoder.batch(events, samples)
        assert by_batch.tobytes() == by_game.tobytes()
        assert targets.tolist() == batch_targets.tolist() == (game[moves] & 0x3FF).tolist()
        for planes, move in zip(by_game, moves, strict=True):
            board = Board.from_events(9, game[:move])
            color = Color(int(game[move]) >> 10 & 3)
            assert np.array_equal(encoder.board(board.arrays, color), planes)
        begin += len(game)


def test_batch_turns_planes_and_targets_alike() -> None:
    encoder = Encoder("alphago48", 9)
    game = random_game(9, 5, 50).events
    move = next(i for i in range(40, 50) if game[i] & 0x3FF < 81)
    samples = Samples(np.zeros(8, np.int64), np.full(8, move), np.arange(8, dtype=np.int8))
    planes, targets = encoder.batch(game, samples)
    board = Board.from_events(9, game[:move])
    for symmetry in range(SYMMETRIES):
        expected = encoder.board(board.arrays, board.to_move, symmetry)
        assert np.array_equal(planes[symmetry], expected)
        assert targets[symmetry] == symmetry_table(9)[symmetry, game[move] & 0x3FF]


def test_a_position_without_history_differs_in_the_turns_alone() -> None:
    encoder = Encoder("alphago48", 9)
    game = random_game(9, 5, 50).events
    move = next(i for i in range(40, 50) if game[i] & 0x3FF < 81)
    samples = Samples(
        np.zeros(2, np.int64), np.full(2, move), np.zeros(2, np.int8), np.array([False, True])
    )
    (shown, forgotten), _ = encoder.batch(game, samples)
    first = encoder.plane_set.first("turns since")
    turns = slice(first, first + 8)
    assert np.array_equal(np.delete(shown, turns, axis=0), np.delete(forgotten, turns, axis=0))
    assert not forgotten[turns][:7].any()
    assert np.array_equal(forgotten[turns][7], forgotten[0] + forgotten[1])
    assert shown[turns][:7].sum() > 0


def test_batches_are_channels_last_in_memory() -> None:
    game = random_game(9, 1, 20).events
    planes, _ = Encoder("alphago20", 9).game(game)
    assert planes.transpose(0, 2, 3, 1).flags.c_contiguous


def test_the_course_encoding_is_black_one_white_minus_one() -> None:
    board = Board(5)
    board.play("A5")
    board.play("E1")
    planes = Encoder("stones", 5).board(board.arrays, Color.BLACK)
    assert planes[0, 0, 0] == 1
    assert planes[0, 4, 4] == -1
    assert np.count_nonzero(planes[0]) == 2
    assert (planes[1] == 1).all()
    assert (Encoder("stones", 5).board(board.arrays, Color.WHITE)[1] == -1).all()


def test_one_hot_groups_have_at_most_one_plane_set() -> None:
    board = random_game(19, 3, 250)
    planes = Encoder("alphago48", 19).board(board.arrays, board.to_move)
    chosen = plane_set("alphago48")
    assert (planes[:3].sum(0) == 1).all()
    stones = board.stones > 0
    for name in ("turns since", "liberties"):
        first = chosen.first(name)
        assert np.array_equal(planes[first : first + 8].sum(0) == 1, stones)
    legal = board.legal_mask().reshape(19, 19)
    first = chosen.first("liberties after move")
    assert np.array_equal(planes[first : first + 8].sum(0) == 1, legal)
    assert (planes[3] == 1).all()
    assert not planes[47].any()


def test_setup_stones_count_as_played_long_ago_and_a_pass_is_a_turn() -> None:
    board = Board(5)
    board.setup([Point(0)], [], to_move=Color.WHITE)
    board.play("E1")
    board.play(PASS)
    planes = Encoder("alphago12", 5).board(board.arrays, Color.WHITE)
    assert planes[4 + 7, 0, 0] == 1
    assert planes[4 + 1, 4, 4] == 1


def test_sets_of_the_published_ablation_are_prefixes() -> None:
    board = random_game(9, 8, 60)
    full = Encoder("alphago48", 9).board(board.arrays, Color.BLACK)
    for count in (4, 12, 20):
        part = Encoder(f"alphago{count}", 9).board(board.arrays, Color.BLACK)
        assert np.array_equal(part, full[:count])


def test_the_table_counts_what_the_paper_counts() -> None:
    counts = {name: plane_set(name).count for name in ALL_SETS}
    assert counts == {
        "alphago12": 12,
        "alphago20": 20,
        "alphago4": 4,
        "alphago48": 48,
        "stones": 2,
    }
    assert plane_set("alphago48").first("ladder capture") == 44
    assert plane_set("alphago20").first("ladder capture") == -1


def test_an_unknown_plane_set_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no plane set 'alphago49'; there are .*alphago48"):
        plane_set("alphago49")


def test_setup_within_a_game_is_encoded() -> None:
    game = random_game(9, 2, 10).events
    extra = next(p for p in range(81) if not Board.from_events(9, game).color_at(Point(p)))
    longer = np.append(game, [setup_event(Point(extra), Color.WHITE)]).astype(np.uint16)
    board = Board.from_events(9, longer)
    planes = Encoder("alphago4", 9).board(board.arrays, Color.BLACK)
    assert planes[1].reshape(-1)[extra] == 1
