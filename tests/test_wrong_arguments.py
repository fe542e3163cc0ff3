"""Arguments of a wrong kind at the front door: one clear line of ours, never a raw Python error."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gopolicy as gp

Call = Callable[[Any], object]
WRONG = {
    "nothing": None,
    "a number": 5,
    "less than nothing": -1,
    "a fraction": 12.7,
    "a truth value": True,
    "no number": float("nan"),
    "an empty text": "",
    "a word": "nope",
    "a zero byte": "x\0y",
    "bytes": b"abc",
    "an empty list": [],
    "a list": [5],
    "a mapping": {},
    "an object": object(),
    "a board": gp.Board(5),
    "a game": gp.read_game(b"(;SZ[5];B[aa])"),
}


@pytest.fixture(scope="module")
def policy(tiny_weights: Path) -> gp.Policy:
    return gp.load(tiny_weights, device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> gp.Store:
    return gp.prepare(gp.samples.SAMPLE_GAMES, tmp_path_factory.mktemp("s") / "s", processes=1)


def message_of(call: Call, name: str) -> str:
    """Return the message that a wrong argument gets, nothing where it is accepted."""
    try:
        call(WRONG[name])
    except gp.GoPolicyError as error:
        return str(error) or "an empty message\n"
    return ""


def keyword(function: Callable[..., object], name: str) -> Call:
    """Return the call that gives function this one keyword."""
    return lambda wrong: function(**{name: wrong})


def calls_about_networks(policy: gp.Policy, weights: Path) -> dict[str, Call]:
    board, player = gp.Board(19), gp.Player(policy, playouts=1)
    view = policy(board)
    settings = ("temperature", "seed", "passing", "playouts", "max_seconds", "top_p", "nope")
    return {
        "load": lambda w: gp.load(weights if w is None else w),
        "device": lambda w: gp.load(weights, device=w),
        "symmetries": lambda w: gp.load(weights, symmetries=w),
        "precision": lambda w: gp.load(weights, precision=w),
        "size": lambda w: gp.load(weights, size=w),
        "Policy": gp.Policy,
        "policy": policy,
        "policy of a list": lambda w: policy([w]),
        "predict": policy.predict,
        "color": lambda w: policy.predict(board, w),
        "Player": lambda w: gp.Player(policy if w is None else w),
        "settings": lambda w: gp.Player(policy, w),
        **{name: keyword(lambda **k: gp.Player(policy, **k), name) for name in settings},
        "choose": player.choose,
        "choose for": lambda w: player.choose(board, w),
        "seconds": lambda w: player.choose(board, seconds=w),
        "view": lambda w: view[w],
        "rank": view.rank_of,
        "best": view.best,
    }


def calls_about_boards() -> dict[str, Call]:
    board, made = gp.Board(9), gp.Board
    return {
        "Board": gp.Board,
        "komi": lambda w: gp.Board(9, komi=w),
        "superko": lambda w: gp.Board(9, superko=w),
        "diagram": gp.Board.from_diagram,
        "events": lambda w: gp.Board.from_events(9, w),
        "play": lambda w: made(9).play(w),
        "color": lambda w: made(9).play("D4", w),
        "refusal": board.refusal,
        "mask": board.legal_mask,
        "setup": lambda w: made(9).setup(w),
        "to move": lambda w: made(9).setup(to_move=w),
        "handicap": lambda w: made(9).place_handicap(w),
        "handicap points": lambda w: made(9).set_handicap(w),
        "score": board.area_score,
        "territory": board.territory_score,
        "chain": board.chain,
        "color at": board.color_at,
    }


def calls_about_games(policy: gp.Policy, store: gp.Store) -> dict[str, Call]:
    game = gp.read_game(gp.samples.SAMPLE_GAME)
    options = ("size", "min_rank", "handicap", "min_moves", "validation", "exclude")
    settings = ("network", "settings", "lr", "positions", "equivariant", "mix", "schedule", "start")
    return {
        "draw_board": gp.draw_board,
        "drawn to": lambda w: gp.draw_board(gp.Board(9), w),
        "evaluate": lambda w: gp.evaluate(w, store),
        "evaluated on": lambda w: gp.evaluate(policy, w),
        "limit": lambda w: gp.evaluate(policy, store, limit=1 if w is None else w),
        "batch": lambda w: gp.evaluate(policy, store, limit=1, batch_size=w),
        "open_store": gp.open_store,
        "split": store.split,
        "prepare": lambda w: gp.prepare(w, "made", processes=1),
        "options": lambda w: gp.prepare(gp.samples.SAMPLE_GAME, "made", w, processes=1),
        "processes": lambda w: gp.prepare(
            gp.samples.SAMPLE_GAME, "made", processes=0 if w in (None, 5, True) else w
        ),
        **{name: keyword(gp.PrepareOptions, name) for name in options},
        **{name: keyword(gp.TrainConfig, name) for name in settings},
        "train": lambda w: gp.train(w, "run"),
        "recipe": lambda w: gp.train(store, "run", "nope" if w is None else w),
        "run": lambda w: gp.train(store, w, "nope"),
        "read_game": gp.read_game,
        "read_games": lambda w: list(gp.read_games(w)),
        "write_game": gp.write_game,
        "written to": lambda w: gp.write_game(game, w),
        "prepared to": lambda w: gp.prepare(gp.samples.SAMPLE_GAME, w, processes=1),
    }


@pytest.mark.parametrize("name", WRONG)
def test_no_argument_ends_in_a_raw_error(
    name: str,
    policy: gp.Policy,
    store: gp.Store,
    tiny_weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    calls = [calls_about_networks(policy, tiny_weights), calls_about_boards()]
    for each in (*calls, calls_about_games(policy, store)):
        for call in each.values():
            assert "\n" not in message_of(call, name)


def test_what_no_call_can_mean_is_refused(policy: gp.Policy, tmp_path: Path) -> None:
    view = policy(gp.Board(19))
    for call, wrong, said in [
        (view.best, -1, "expected a number of moves from 0 on, got -1"),
        (gp.Board(9).play, 12.7, "expected a vertex like D4 or a point on 9x9, got 12.7"),
        (gp.Board(9).play, True, "expected a vertex like D4 or a point on 9x9, got True"),
        (gp.Board, "9", "expected a board size from 2 to 25, got '9'"),
        (gp.Board(9).setup, "D4", r"expected a list of points such as \['D4', 'Q16'\], got 'D4'"),
        (policy, "x", "expected a Board, a Position or a list of them, got 'x'"),
        (gp.draw_board, gp.read_game(gp.samples.SAMPLE_GAME), "or a View, got a GameRecord"),
        (gp.load, 5, "expected the path of a file or folder, got 5"),
        (lambda w: gp.prepare(w, tmp_path / "s"), None, "file of games, or several, got None"),
        (lambda w: gp.prepare(w, tmp_path / "s"), [], "expected at least one path of games"),
        (lambda w: gp.TrainConfig(lr=w), "a", "expected lr to be a number, got 'a'"),
        (lambda w: gp.TrainConfig(batch_size=w), 1.5, "batch_size to be a whole number, got 1.5"),
        (lambda w: gp.Player(policy, temprature=w), 1, "did you mean 'temperature'"),
        (gp.read_game, gp.samples.SAMPLE_GAMES, "an archive, expected the file of one game"),
        (gp.read_game, gp.samples.SAMPLE_GAMES.parent, "a folder, expected the file of one game"),
        (gp.read_game, "(;SZ[9])", "give it as bytes"),
    ]:
        with pytest.raises(gp.GoPolicyError, match=said):
            call(wrong)  # type: ignore[operator]


def test_an_unknown_recipe_is_told_with_the_nearest_and_is_a_key_error_too() -> None:
    with pytest.raises(gp.GoPolicyError, match="no recipe called 'cpu-evning'; did you mean"):
        gp.RECIPES["cpu-evning"]
    with pytest.raises(KeyError):
        gp.RECIPES["nope"]
    assert gp.RECIPES.get("nope") is None
