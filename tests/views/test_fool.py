"""Wrong moves by independent rules; every position that fools a network can be checked."""

from pathlib import Path

import numpy as np
import pytest
from reference.go_twin import after
from reference.planes_twin import LadderTwin, own_eye, result
from sgfmill import boards, sgf

from gopolicy.data.position_sample import PositionSample, sample_positions
from gopolicy.errors import Refusal
from gopolicy.features.encode import Encoder
from gopolicy.go.board import Board
from gopolicy.go.types import Color, Point
from gopolicy.go.vertex import parse_vertex
from gopolicy.sgf.read import read_game
from gopolicy.views.board_lens import BoardLens
from gopolicy.views.fool import Fooled, FoolSearch, fool_section
from gopolicy.views.wrong_moves import KINDS, is_certain, refutation, wrong_masks

LADDER = """
. . . . . . . . .
. . . . . . . . .
. . . . . . . . .
. . . . . . . . .
. . . . . . . . .
. . O . . . . . .
. O X . . . . . .
. . O O . . . . .
. . . . . . . . .
"""


def spots(board: Board) -> dict[tuple[int, int], int]:
    size = board.size
    return {
        divmod(int(p), size): int(c) for p, c in enumerate(board.stones.reshape(-1).tolist()) if c
    }


def is_wrong(board: Board, color: Color, kind: str, move: Point) -> bool:
    """Judge a move with sets and dictionaries, and ladders by plain recursion."""
    stones, spot, size = spots(board), divmod(int(move), board.size), board.size
    if kind == "occupied":
        return spot in stones
    if kind == "suicide":
        return spot not in stones and after(stones, spot, int(color), size)[2]
    if kind == "own eye":
        return own_eye(stones, spot, int(color), size)
    new = result(stones, None, spot, int(color), size)
    assert new is not None
    other = 3 - int(color)
    return new[1] == 0 and LadderTwin(size, 5000).caught(new[0], stones, spot, other, other)


@pytest.mark.parametrize("row", range(5, 60, 9))
def test_masks_hold_exactly_the_wrong_moves(sample: PositionSample, row: int) -> None:
    position = sample.position(row)
    board, color = position.board, position.to_play
    planes = Encoder("alphago48", 9).board(board.arrays, int(color))
    masks = wrong_masks(planes[None])[0]
    for kind, mask in zip(KINDS, masks, strict=True):
        for point in np.flatnonzero(mask):
            if kind != "suicide" or board.refusal(Point(int(point)), color) == Refusal.SUICIDE:
                assert is_wrong(board, color, kind, Point(int(point))), (kind, point)
    for at in range(81):
        illegal = not board.legal(Point(at), color)
        assert illegal == bool(masks[0, at] or masks[1, at])


def test_running_out_of_a_working_ladder_is_refuted_to_the_capture() -> None:
    board = Board.from_diagram(LADDER)
    move = parse_vertex("D3", 9)
    line = refutation(board, Color.BLACK, move)
    assert line[0] == move
    other = boards.Board(9)
    for (row, column), color in spots(board).items():
        other.play(8 - row, column, "bw"[color - 1])
    for number, point in enumerate(line):
        row, column = divmod(int(point), 9)
        other.play(8 - row, column, "bw"[number % 2])
    row, column = divmod(int(move), 9)
    assert other.get(8 - row, column) is None  # the runner's stone is off the board
    assert is_certain(board, Color.BLACK, "failed ladder", move)


def test_a_ladder_with_a_breaker_is_no_wrong_move() -> None:
    board = Board.from_diagram(LADDER)
    board.setup(black=["F5"])
    assert refutation(board, Color.BLACK, parse_vertex("D3", 9)) == []


def test_a_move_that_does_not_run_is_not_refuted() -> None:
    assert refutation(Board.from_diagram(LADDER), Color.BLACK, parse_vertex("H8", 9)) == []


def test_an_eye_may_be_filled_when_a_chain_around_it_is_in_atari() -> None:
    safe = Board.from_diagram(". X . / X X . / . . .")
    needed = Board.from_diagram(". X O / X O . / X O .")
    for board, wrong in ((safe, True), (needed, False)):
        planes = Encoder("alphago48", 3).board(board.arrays, 1)
        assert wrong_masks(planes[None])[0, KINDS.index("own eye"), 0] == wrong


@pytest.fixture(scope="module")
def found(subject: BoardLens, sample: PositionSample) -> tuple[list[Fooled], list[Fooled]]:
    search = FoolSearch(subject, seed=1)
    real = search.in_games(sample)
    return real, search.by_search(real, rounds=3)


def test_every_finding_is_wrong_and_as_probable_as_said(
    found: tuple[list[Fooled], list[Fooled]], subject: BoardLens
) -> None:
    real, changed = found
    assert real
    assert changed
    assert not any(each.edits for each in real)
    assert all(each.edits for each in changed)
    for each in real + changed:
        board = each.board  # raises unless every move and the setup are legal
        assert board.to_move == each.origin.to_play
        assert is_wrong(board, each.origin.to_play, each.kind, each.move)
        chances = subject.policy.predict(board)
        assert each.probability == pytest.approx(float(chances[each.move]), rel=1e-3)


def test_in_real_positions_no_wrong_move_is_more_probable(
    found: tuple[list[Fooled], list[Fooled]], subject: BoardLens, sample: PositionSample
) -> None:
    best = max(each.probability for each in found[0] if each.kind == "occupied")
    for row in range(len(sample)):
        position = sample.position(row)
        chances = subject.policy.predict(position.board, position.to_play)
        assert (chances[position.board.stones.reshape(-1) > 0] <= best * 1.001).all()


def test_search_makes_the_network_surer(found: tuple[list[Fooled], list[Fooled]]) -> None:
    real, changed = found
    for each in changed:
        before = max(r.probability for r in real if r.kind == each.kind)
        assert each.probability > before


def test_the_files_hold_the_positions(subject: BoardLens, sample: PositionSample) -> None:
    section = fool_section(subject, sample, rounds=2)
    for finding in section.findings["found"]:
        name = finding["file"].removeprefix("fool-")
        record = read_game(section.files[name])
        number = finding["move_number"]
        moves = np.flatnonzero(record.events < 1 << 12)
        stop = moves[number - 1] if number <= len(moves) else len(record.events)
        board = Board.from_events(9, record.events[:stop])
        assert board.to_move.name.lower() == finding["to_play"]
        move = parse_vertex(finding["move"], 9)
        chances = subject.policy.predict(board)
        assert finding["probability"] == pytest.approx(float(chances[move]), rel=1e-3)
        game = sgf.Sgf_game.from_bytes(section.files[name])
        assert finding["move"] in game.get_root().get("C")
        row, column = divmod(int(move), 9)
        marked = [node for node in game.get_main_sequence() if node.has_property("LB")]
        assert [node.get("LB") for node in marked] == [[((8 - row, column), "1")]]
        assert finding["move"] in marked[0].get("C")
        if finding["kind"] in ("occupied", "suicide"):
            assert marked[0] is game.get_last_node()


def test_a_kind_that_was_not_found_is_not_called_0_percent(subject: BoardLens, games: Path) -> None:
    section = fool_section(subject, sample_positions([games], 9, 2), rounds=0)
    kinds = {each["kind"] for each in section.findings["found"]}
    assert kinds < set(KINDS)
    for kind, words in section.headline.items():
        assert (words == "none found") == (kind not in kinds)
