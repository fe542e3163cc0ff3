"""What is learned from: decisions against replays by `Board`, advantages against sums by hand."""

import numpy as np
import pytest
from reference.made_movers import LineMover, UniformMover

from gopolicy.go.board import Board
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import BLACK, PASS, WHITE, Color, move_event
from gopolicy.rl.advantages import (
    black_results,
    color_baseline,
    fitted,
    pair_baseline,
    results_of,
    traced,
)
from gopolicy.rl.decisions import DecisionEncoder, decisions_of, draw_per_game
from gopolicy.rl.self_play import Beginning, FinishedGame, SelfPlay, SelfPlaySettings

SETTINGS = SelfPlaySettings(size=5)


def game_of(text: str, *, start: int = 0, black: int = 0, score: int = 0) -> FinishedGame:
    """Return a game of Black and White in turn; ``-`` is a pass, numbers are points."""
    events = [
        move_event(PASS if word == "-" else int(word), BLACK + i % 2)  # type: ignore[arg-type]
        for i, word in enumerate(text.split())
    ]
    return FinishedGame(
        number=0,
        events=np.array(events, np.uint16),
        start=start,
        black=black,
        white=1 - black,
        score=score,
        ownership=np.repeat(np.array([1, -1, 0], np.int8), [9, 9, 7]),
        ended="passes",
    )


@pytest.fixture(scope="module")
def games() -> list[FinishedGame]:
    """Return games that begin at a position."""
    board = Board(5)
    for vertex in ("C3", "B2", "pass", "D4"):
        board.play(vertex)
    given = Beginning(events=board.events, to_move=BLACK)
    play = SelfPlay(
        [UniformMover(5), LineMover(5)],
        SETTINGS,
        games=4,
        seed=2,
        pairing=lambda i: (i % 2, 1 - i % 2),
        starts=lambda i: given,
    )
    return sorted(play.play(4), key=lambda game: game.number)


def test_passes_and_given_moves_and_those_of_others_are_no_decisions() -> None:
    found = decisions_of([game_of("0 1 2 - 4 5 - -"), game_of("6 7 8 9", start=1, black=1)])
    assert found.moves.tolist() == [0, 2, 4, 8 + 1, 8 + 3]
    assert found.starts.tolist() == [0, 0, 0, 8, 8]
    assert found.colors.tolist() == [BLACK] * 3 + [WHITE] * 2
    assert found.games.tolist() == [0, 0, 0, 1, 1]
    assert found.sides.tolist() == [0, 0, 0, 3, 3]
    assert len(decisions_of([])) == len(decisions_of([game_of("- -")])) == 0


def test_both_sides_are_learned_from_where_a_mover_played_both() -> None:
    game = game_of("0 1 2 3 4")
    both = FinishedGame(**{name: getattr(game, name) for name in game.__slots__} | {"white": 0})
    assert decisions_of([both]).moves.tolist() == [0, 2, 4, 1, 3]


def test_choices_are_legal_and_hold_what_was_played(games: list[FinishedGame]) -> None:
    encoder, decisions = DecisionEncoder("alphago4", SETTINGS), decisions_of(games)
    choices = encoder.choices(games, decisions)
    assert len(decisions) > 40
    few = 0
    for row, (start, move, color) in enumerate(
        zip(decisions.starts, decisions.moves, decisions.colors, strict=True)
    ):
        board = Board.from_events(5, decisions.events[start:move], superko="positional")
        legal = board.legal_mask(Color(color))[:25]
        assert not (choices[row] & ~legal).any()
        assert choices[row][decisions.events[move] & 0x3FF]
        few += choices[row].sum() < legal.sum()
    assert few > 0  # own eyes are legal, but nothing to choose


def test_a_turned_decision_is_the_decision_turned(games: list[FinishedGame]) -> None:
    encoder, decisions = DecisionEncoder("alphago12", SETTINGS), decisions_of(games)
    count = len(decisions)
    choices = encoder.choices(games, decisions)
    ownership = np.stack([game.ownership for game in games])
    plain = np.zeros(count, np.int8)
    turns = (np.arange(count) % 8).astype(np.int8)
    straight, turned = (encoder.encode(decisions, choices, which) for which in (plain, turns))
    owned, owned_turned = (encoder.owned(decisions, ownership, w) for w in (plain, turns))
    assert (straight.choices == choices).all()
    for row, table in enumerate(symmetry_table(5)[turns].astype(np.int64)):
        assert turned.points[row] == table[straight.points[row]]
        assert (turned.choices[row][table] == straight.choices[row]).all()
        assert (owned_turned[row][table] == owned[row]).all()
        planes, planes_turned = (e.planes[row].reshape(12, 25) for e in (straight, turned))
        assert (planes_turned[:, table] == planes).all()
        black = (ownership[decisions.games[row]] + 1) / 2
        assert (owned[row] == (black if decisions.colors[row] == BLACK else 1 - black)).all()


def test_so_many_decisions_of_each_player_are_drawn() -> None:
    decisions = decisions_of([game_of("0 1 2 3 4 5 6 7 8"), game_of("0 1 2 3"), game_of("0 1")])
    draw = np.random.default_rng(1)
    seen = set()
    for _ in range(50):
        chosen = draw_per_game(decisions, 2, draw)
        assert decisions.games[chosen].tolist() == [0, 0, 1, 1, 2]
        assert (np.diff(chosen) > 0).all()
        seen |= set(chosen.tolist())
    assert seen == set(range(len(decisions)))
    assert draw_per_game(decisions, 0, draw).tolist() == list(range(len(decisions)))


def test_results_and_baselines_by_hand() -> None:
    scores, blacks = (9, -5, 8, 7), (0, 1, 0, 1)
    played = [game_of("0 1 2", score=s, black=b) for s, b in zip(scores, blacks, strict=True)]
    black = black_results(played, 7.0, 0.0)
    assert black.tolist() == [1, -1, 1, 0]
    assert black_results(played, 7.0, 2.0)[0] == pytest.approx(np.tanh(1.0))
    decisions = decisions_of(played)  # two of Black, one of White, two, one
    assert results_of(decisions, black).tolist() == [1, 1, 1, 1, 1, 0]
    assert color_baseline(decisions, black).tolist() == [1, 1, 0, 1, 1, 1]
    assert pair_baseline(decisions, black).tolist() == [-1, -1, -1, 0, 0, -1]
    assert color_baseline(decisions_of(played[:1]), black[:1]).tolist() == [0, 0]


def test_expectations_are_fitted_by_least_squares() -> None:
    draw = np.random.default_rng(1)
    values = draw.normal(size=200)
    results = 0.3 * values + 0.1 + 0.2 * draw.normal(size=200)
    slope, offset = np.polyfit(values, results, 1)
    np.testing.assert_allclose(fitted(values, results), slope * values + offset)
    np.testing.assert_allclose(fitted(-values, results), results.mean())  # worse than nothing
    np.testing.assert_allclose(fitted(np.ones(200), results), results.mean())


def test_advantages_by_change_of_expectation() -> None:
    decisions = decisions_of([game_of("0 1 2 3 4"), game_of("0 1 2")])
    values = np.array([0.1, 0.4, 0.2, -0.5, 0.3])
    results = np.array([1.0, 1.0, 1.0, -1.0, -1.0])
    np.testing.assert_allclose(traced(decisions, values, results, 1.0), results - values)
    changes = [0.3, -0.2, 0.8, 0.8, -1.3]
    np.testing.assert_allclose(traced(decisions, values, results, 0.0), changes)
    half = traced(decisions, values, results, 0.5)
    np.testing.assert_allclose(half, [0.4, 0.2, 0.8, 0.15, -1.3])
