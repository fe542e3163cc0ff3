"""Self-play: the interface, what a game depends on, and that games end where nothing is left."""

from collections.abc import Iterable

import numpy as np
import pytest
from reference.made_movers import LineMover, UniformMover
from sgfmill import boards

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.types import BLACK, WHITE
from gopolicy.play.playouts import dead_chains
from gopolicy.rl.self_play import Beginning, FinishedGame, SelfPlay, SelfPlaySettings


def by_number(games: Iterable[FinishedGame]) -> dict[int, bytes]:
    """Return the events of games by their numbers."""
    return {game.number: game.events.tobytes() for game in games}


def final_board(game: FinishedGame, size: int) -> Board:
    """Return the last position of a game, played by a `Board`, which refuses what is illegal."""
    return Board.from_events(size, game.events, superko="positional")


def sgfmill_board(board: Board) -> boards.Board:
    """Return the stones as a board of sgfmill, an independent count."""
    other = boards.Board(board.size)
    for row, column in np.argwhere(board.stones):
        color = "b" if board.stones[row, column] == BLACK else "w"
        other.board[board.size - 1 - row][column] = color
    return other


@pytest.mark.parametrize("size", [5, 9])
def test_games_end_by_passes_where_nothing_is_left_to_take(size: int) -> None:
    play = SelfPlay([UniformMover(size)], SelfPlaySettings(size=size), games=8, seed=3)
    games = list(play.play(40))
    assert sorted(game.number for game in games) == list(range(40))
    for game in games:
        board = final_board(game, size)
        assert game.ended == "passes"
        assert len(game.events) < play.settings.longest / 1.5
        assert not dead_chains(board), str(board)
        assert sgfmill_board(board).area_score() == game.score == game.ownership.sum()


def test_a_game_depends_on_its_number_and_the_seed_alone() -> None:
    settings = SelfPlaySettings(size=7)
    many = by_number(SelfPlay([LineMover(7)], settings, games=9, seed=5).play(12))
    assert many == by_number(SelfPlay([LineMover(7)], settings, games=1, seed=5).play(12))
    some = by_number(SelfPlay([LineMover(7)], settings, games=4, seed=5).play([11, 3]))
    assert some == {number: many[number] for number in (3, 11)}
    assert many != by_number(SelfPlay([LineMover(7)], settings, games=9, seed=6).play(12))
    assert len(set(many.values())) == 12


def test_games_under_way_are_lost_when_told_to_stop() -> None:
    play = SelfPlay([LineMover(7)], SelfPlaySettings(size=7), games=4, seed=5)
    looks = iter(range(30))
    stopped = list(play.play(12, lambda: next(looks, None) is not None))
    assert next(looks, None) is None
    assert len(stopped) < 12
    again = by_number(play.play(12))
    assert again == by_number(SelfPlay([LineMover(7)], SelfPlaySettings(size=7), seed=5).play(12))


def test_movers_play_the_colors_that_the_pairing_gives_them() -> None:
    movers = [UniformMover(5), LineMover(5)]
    play = SelfPlay(
        movers, SelfPlaySettings(size=5), games=4, seed=1, pairing=lambda i: (i % 2, 1 - i % 2)
    )
    games = {game.number: game for game in play.play(6)}
    assert [(games[i].black, games[i].white) for i in range(6)] == [(0, 1), (1, 0)] * 3
    assert sum(sum(mover.batches) for mover in movers) == play.plies
    assert play.plies == sum(len(game.events) for game in games.values())


def test_a_game_begins_at_the_position_it_is_given() -> None:
    board = Board(7)
    for vertex in ("D4", "C3", "pass", "E5"):
        board.play(vertex)
    given = Beginning(events=board.events, to_move=BLACK)
    play = SelfPlay(
        [UniformMover(7)], SelfPlaySettings(size=7), games=2, seed=1, starts=lambda i: given
    )
    for game in play.play(3):
        assert game.start == 4
        assert np.array_equal(game.events[:4], board.events)
        assert game.events[4] >> 10 & 3 == BLACK
        assert final_board(game, 7).ply == len(game.events)


def test_a_game_that_is_too_long_is_broken_off() -> None:
    play = SelfPlay([UniformMover(5)], SelfPlaySettings(size=5, most_moves=7), games=2, seed=1)
    assert {(game.ended, len(game.events)) for game in play.play(3)} == {("limit", 7)}


def test_temperature_0_plays_the_most_probable_sensible_move() -> None:
    class Corner(UniformMover):
        def log_probabilities(self, planes_bcnn: np.ndarray) -> np.ndarray:
            return -np.tile(np.arange(25, dtype=np.float32), (len(planes_bcnn), 1))

    settings = SelfPlaySettings(size=5, opening_temperature=0.0, temperature=0.0)
    games = list(SelfPlay([Corner(5)], settings, games=2, seed=1).play(2))
    assert games[0].events.tobytes() == games[1].events.tobytes()
    assert [(int(e) & 1023, int(e) >> 10) for e in games[0].events[:2]] == [(0, BLACK), (1, WHITE)]


@pytest.mark.parametrize(
    "wrong",
    [{"size": 1}, {"temperature": -1.0}, {"top_p": 0.0}, {"komi": float("nan")}, {"most_moves": 0}],
)
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        SelfPlaySettings(**wrong)  # type: ignore[arg-type]


def test_a_mover_of_another_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="plays 5x5, the games are 9x9"):
        SelfPlay([UniformMover(5)], SelfPlaySettings(size=9))
