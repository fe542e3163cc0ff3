"""The names of `import gopolicy`: which they are, what loading them costs, what they do."""

import dataclasses
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

import gopolicy as gp
from gopolicy.errors import ConfigError, WeightsError
from gopolicy.go.diagram import format_diagram
from gopolicy.progress import Silent
from gopolicy.samples import SAMPLE_GAME, SAMPLE_GAMES

NAMES = [
    *("Board", "Color", "GameRecord", "GoPolicyError", "PASS", "Player", "Policy", "Position"),
    *("PrepareOptions", "RECIPES", "Store", "TrainConfig", "View", "__version__", "draw_board"),
    *("evaluate", "load", "open_store", "prepare", "read_game", "read_games", "samples"),
    *("train", "write_game"),
]
SMALL = "alphago-64x8"


@pytest.fixture(scope="module")
def policy() -> gp.Policy:
    return gp.load(SMALL, device="cpu", precision="fp32")


def test_the_names_are_these() -> None:
    assert sorted(gp.__all__) == NAMES
    assert dir(gp) == NAMES
    for name in NAMES:
        assert getattr(gp, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        gp.nothing  # noqa: B018


def test_importing_needs_neither_torch_nor_numpy() -> None:
    code = "import sys, gopolicy; assert not {'torch', 'numpy', 'numba'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_empty_path_is_not_the_working_folder(tmp_path: Path) -> None:
    calls: list[Callable[[], object]] = [
        lambda: gp.load(""),
        lambda: gp.prepare("", tmp_path / "store"),
        lambda: gp.prepare(SAMPLE_GAMES, ""),
        lambda: list(gp.read_games("")),
        lambda: gp.train(tmp_path / "store", ""),
    ]
    for call in calls:
        with pytest.raises(ConfigError, match="got an empty text"):
            call()


def test_a_board_shows_itself_as_text_and_as_a_picture() -> None:
    board = gp.Board(9)
    board.play("E5")
    assert repr(board) == str(board) == format_diagram(board.stones, board.last_move or gp.PASS)
    assert board._repr_svg_().startswith("<svg")


def test_a_view_of_a_board_is_what_the_network_predicts(policy: gp.Policy) -> None:
    board = gp.Board(19)
    board.play("Q16")
    view = policy(board)
    expected = policy.predict(board)
    assert np.allclose(view.probabilities, expected, atol=1e-6)
    assert view["Q16"] == pytest.approx(expected[3 * 19 + 15], abs=1e-6)
    assert view.heat.shape == (19, 19)
    assert view.heat[3, 15] == 0.0  # occupied
    assert view.heat[15, 3] == view["D4"]
    (first, share), *_ = view.best(3)
    assert share == view[first] == view.heat.max()
    assert view.rank_of(first) == 1
    assert view.rank_of("Q16") is None
    assert str(view._repr_svg_()).startswith("<svg")


def test_a_view_keeps_the_position_that_was_asked_about(policy: gp.Policy) -> None:
    board = gp.Board(19)
    view = policy(board)
    board.play("D4")
    assert view.position is not None
    assert view.position.board.ply == 0


def test_many_boards_are_answered_together_and_alike(policy: gp.Policy) -> None:
    positions = list(islice(gp.read_game(SAMPLE_GAME).positions(), 6))
    together = policy(positions)
    for position, view in zip(positions, together, strict=True):
        assert np.allclose(view.probabilities, policy(position).probabilities, atol=1e-5)
        assert view.rank_of(position.played) is not None  # type: ignore[arg-type]
    assert policy([]) == []


def test_a_board_of_another_size_is_one_clear_error(policy: gp.Policy) -> None:
    with pytest.raises(ConfigError, match=r"plays 19x19, the board is 9x9; .*load\(.*size=9"):
        policy([gp.Board(19), gp.Board(9)])
    small = gp.load(SMALL, size=9, device="cpu", precision="fp32")
    assert small(gp.Board(9)).heat.shape == (9, 9)


def test_positions_of_a_game_are_those_before_each_move() -> None:
    game = gp.read_game(SAMPLE_GAME)
    positions = list(game.positions())
    assert [at.number for at in positions] == list(range(1, game.moves + 1))
    for before, after in pairwise(positions):
        assert before.played is not None
        before.board.play(before.played, before.to_play)
        assert np.array_equal(before.board.stones, after.board.stones)


def test_a_player_takes_settings_by_name(policy: gp.Policy) -> None:
    board = gp.Board(19)
    best = policy(board).best(1)[0][0]
    player = gp.Player(policy, temperature=0.0)
    assert policy(board).rank_of(player.choose(board).vertex) == policy(board).rank_of(best)
    with pytest.raises(ConfigError, match="temperature"):
        gp.Player(policy, temperature=-1.0)


def test_a_player_takes_a_name_and_an_evaluation_a_path(tmp_path: Path, policy: gp.Policy) -> None:
    board = gp.Board(19)
    assert gp.Player(SMALL).choose(board).vertex == gp.Player(policy).choose(board).vertex
    store = gp.prepare(gp.samples.SAMPLE_GAMES, tmp_path / "store", processes=1)
    by_path = gp.evaluate(policy, tmp_path / "store", limit=16)
    assert by_path.nll == gp.evaluate(policy, store.validation, limit=16).nll


def test_a_game_is_written_to_a_path_and_read_again(tmp_path: Path) -> None:
    game = gp.read_game(SAMPLE_GAME)
    data = gp.write_game(game, tmp_path / "game.sgf")
    assert (tmp_path / "game.sgf").read_bytes() == data
    assert np.array_equal(gp.read_game(tmp_path / "game.sgf").events, game.events)
    assert [path.name for path in tmp_path.iterdir()] == ["game.sgf"]


def test_whatever_a_prompt_shows_is_one_short_line_that_says_what_it_is(
    tmp_path: Path, policy: gp.Policy
) -> None:
    game, store = gp.read_game(SAMPLE_GAME), gp.prepare(SAMPLE_GAME, tmp_path / "s", processes=1)
    position = next(game.positions())
    shown: dict[str, object] = {
        "GNU Go 3.8 level 1 - GNU Go 3.8 level 1: 228 moves on 19x19, B+5.5": game,
        "1 games on 19x19, 226 positions": store,
        "GameSelection: 1 games": store.split("all"),
        "before move 1 on 19x19: Black to play, P16 follows": position,
        "View of 19x19: ": policy(position),
        SMALL: policy,
        f"Player of {SMALL}: temperature 0.5": gp.Player(policy, temperature=0.5),
        "Choice Q4": gp.Player(policy).choose(gp.Board(19)),
        "top-1": gp.evaluate(policy, store.split("all"), limit=8),
        "quick, cpu-evening": gp.RECIPES,
        "TrainConfig(lr=0.02)": gp.TrainConfig(lr=0.02),
        "Svg of": gp.draw_board(gp.Board(9)),
    }
    for words, each in shown.items():
        assert words in repr(each)
        assert "\n" not in repr(each)
        assert len(repr(each).replace(str(tmp_path), "")) < 160


def test_a_name_in_a_record_cannot_write_to_the_terminal() -> None:
    game = gp.read_game(b"(;SZ[9]PB[\x1b[31mred" + b"x" * 100 + b"];B[aa])")
    assert "\x1b" not in repr(game)
    assert len(repr(game)) < 120


class Interrupting(Silent):
    """Presses Ctrl-C as soon as training begins."""

    def start(self, label: str, total: int | None, unit: str) -> None:
        signal.raise_signal(signal.SIGINT)


def test_a_training_that_was_stopped_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = gp.prepare(SAMPLE_GAME, tmp_path / "store", processes=1)
    tiny = gp.TrainConfig(
        settings={"filters": 4, "layers": 2},
        planes="alphago4",
        positions=512,
        warmup=0,
        validation_positions=0,
        precision="fp32",
        memory_format="contiguous",
    )
    monkeypatch.setitem(gp.RECIPES, "tiny", tiny)
    result = gp.train(store, tmp_path / "run", "tiny", device="cpu", progress=Interrupting())
    assert (result.stopped, result.signal) == (True, signal.SIGINT)
    assert "stopped by SIGINT" in repr(result)
    assert result.positions < 512
    done = gp.train(None, tmp_path / "run", resume=True, device="cpu")
    assert not done.stopped
    assert done.positions == 512


def test_from_games_to_a_figure(tmp_path: Path) -> None:
    store = gp.prepare(SAMPLE_GAMES, tmp_path / "store", processes=1)
    assert gp.open_store(tmp_path / "store").digest == store.digest
    config = dataclasses.replace(
        gp.RECIPES["quick"],
        settings={"filters": 8, "layers": 2},
        planes="alphago4",
        positions=256,
        warmup=0,
        validation_positions=0,
    )
    result = gp.train(store, tmp_path / "run", config)
    with pytest.raises(ConfigError, match="already holds a run"):
        gp.train(tmp_path / "store", tmp_path / "run", config)
    more = dataclasses.replace(config, positions=512)
    assert gp.train(store, tmp_path / "run", more, resume=True).positions == 512
    for where in (result, tmp_path / "run", tmp_path / "run" / "weights"):
        report = gp.evaluate(gp.load(where), store.validation, limit=64)
        assert report.positions == 64
        assert 0.0 <= report.top1 <= 1.0
    with pytest.raises(WeightsError, match="no weights"):
        gp.load(tmp_path / "nowhere")


def test_games_of_an_archive_are_read_in_one_call() -> None:
    games = list(gp.read_games(SAMPLE_GAMES))
    assert len(games) == 104
    assert all(isinstance(game, gp.GameRecord) for game in games)


def test_a_board_is_drawn_to_a_file(tmp_path: Path, policy: gp.Policy) -> None:
    board = gp.Board(19)
    gp.draw_board(policy(board), tmp_path / "heat.png")
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG")
    assert gp.draw_board(board).startswith("<svg")
