"""Evaluation over tables of games with a network that knows nothing."""

import math
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from reference.tiny_games import write_games

from gopolicy.data.build import build_table
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.selection import GameSelection
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError
from gopolicy.evaluation.accuracy import evaluate_positions, label_positions
from gopolicy.evaluation.choose import choose_positions
from gopolicy.go.board import Board
from gopolicy.go.types import EVENT_SETUP, Color


class Uniform:
    """Gives every point the same probability and counts how often it was asked."""

    plane_set = "stones"

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked = 0

    def log_probabilities(self, planes_bcnn: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
        """Return the same logarithm everywhere."""
        self.asked += len(planes_bcnn)
        assert planes_bcnn.shape[1:] == (2, self.size, self.size)
        return np.full((len(planes_bcnn), self.size**2), -math.log(self.size**2), np.float32)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> GameTable:
    folder = tmp_path_factory.mktemp("games")
    write_games(folder, 6)
    (folder / "handicap.sgf").write_text("(;SZ[9]HA[2]AB[cc][gg]BR[2k];W[ee];B[ec];W[];B[ge])")
    (folder / "late.sgf").write_text("(;SZ[9];B[cc];W[gg];AB[aa]PL[B];B[ge];W[ec])")
    return build_table([folder], PrepareOptions(size=9), processes=1)[0]


def targets_of(table: GameTable) -> list[int]:
    """Return the point of every board move."""
    events = table.events[(table.events & EVENT_SETUP == 0) & (table.events & 0x3FF != 0x3FF)]
    return [int(event) & 0x3FF for event in events]


def test_a_uniform_network_gets_what_chance_gives(table: GameTable) -> None:
    network = Uniform(9)
    report = evaluate_positions(network, table, batch_size=32)
    targets = targets_of(table)
    assert network.asked == report.positions == len(targets)
    assert report.nll == pytest.approx(math.log(81), rel=1e-5)
    assert report.top1 == pytest.approx(np.mean([t == 0 for t in targets]))
    assert report.mean_rank == pytest.approx(np.mean(targets) + 1)
    assert report.calibration_error == pytest.approx(abs(1 / 81 - report.top1), abs=1e-6)
    assert report.top1_legal >= report.top1
    assert report.games == table.games


def test_the_size_of_a_batch_changes_nothing(table: GameTable) -> None:
    one, other = (evaluate_positions(Uniform(9), table, batch_size=size) for size in (1, 1000))
    assert one.by_phase == other.by_phase
    assert one.by_rank == other.by_rank
    assert one.topk == other.topk


def test_labels_agree_with_the_board(table: GameTable) -> None:
    ids = np.arange(table.positions)
    rng = np.random.default_rng(0)
    order = rng.permutation(ids)
    located = table.locate(order)
    labels = label_positions(table, order, np.zeros(len(order), np.int64))
    for row in range(0, len(order), 3):
        start, index, game = located.starts[row], located.indices[row], located.games[row]
        events = table.events[start : start + index]
        board = Board.from_events(9, events)
        color = Color((int(table.events[start + index]) >> 10) & 3)
        assert labels.legal[row].tolist() == board.legal_mask(color).tolist()
        assert labels.numbers[row] == (events & EVENT_SETUP == 0).sum() + 1
        ranks = table.black_rank if color == Color.BLACK else table.white_rank
        assert labels.ranks[row] == ranks[game]
        assert labels.games[row] == game


def test_positions_are_chosen_by_rank_and_handicap(table: GameTable) -> None:
    everything = GameSelection(table, np.arange(table.games))
    even = choose_positions(everything, handicap="none")
    names = {table.names[int(game)] for game in table.locate(even).games}
    assert len(names) == table.games - 1
    assert not any("handicap" in name for name in names)
    strong = choose_positions(everything, min_rank=6)
    labels = label_positions(table, strong, np.zeros(len(strong), np.int64))
    assert (labels.ranks >= 6).all()
    assert len(strong) < len(even)
    few = choose_positions(everything, min_rank=6, limit=10)
    assert len(few) == 10
    assert set(few) <= set(strong)
    assert (np.diff(few) > 0).all()


def test_a_network_of_another_size_is_refused(table: GameTable) -> None:
    with pytest.raises(ConfigError, match="plays on 19x19, the games on 9x9"):
        evaluate_positions(Uniform(19), table)


def test_nothing_to_evaluate_is_an_error(table: GameTable) -> None:
    with pytest.raises(ConfigError, match="no position"):
        evaluate_positions(Uniform(9), table, np.empty(0, np.int64))


@pytest.mark.slow
def test_the_331_published_games_have_65869_positions() -> None:
    folder = os.environ.get("GOPOLICY_ARCHIVES")
    if not folder:
        pytest.skip("GOPOLICY_ARCHIVES names no folder of game archives")
    path = Path(folder) / "test" / "kgs-2015-05-no-handicap.tar.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not among the archives")
    table, rejections = build_table([path])
    report = evaluate_positions(Uniform(19), table, batch_size=1024)
    assert (report.games, report.positions, rejections) == (331, 65869, [])
    assert report.nll == pytest.approx(math.log(361), rel=1e-5)
