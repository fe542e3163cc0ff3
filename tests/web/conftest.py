"""What tests of the board share: a server in this process, and one in its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from reference.tiny_games import write_outcome_weights
from reference.web_client import HOST, TOKEN, RunningBoard, start_board
from starlette.testclient import TestClient

from gopolicy.play.bot import BotOptions
from gopolicy.web.app import Opening, create_app
from gopolicy.web.engines import Engines

GAME = (
    b"(;SZ[9]KM[6.5]PB[Kuroki]PW[Shirai]RE[W+R];B[ee];W[cc];B[gc]C[first remark]"
    b"(;W[cg];B[gg])(;W[gg]C[instead]))"
)


def client_of(weights: Path) -> Iterator[TestClient]:
    """Yield a client of a board that has one small game open."""
    engines = Engines([("tiny", BotOptions(weights=str(weights), threads=1))])
    app = create_app(engines, Opening(data=GAME, name="game.sgf"), TOKEN, [HOST])
    with TestClient(app, base_url=f"http://{HOST}") as found:
        yield found


@pytest.fixture(scope="module")
def client(tiny_weights: Path) -> Iterator[TestClient]:
    """Return a client of a board with a network that has learned moves alone."""
    yield from client_of(tiny_weights)


@pytest.fixture(scope="module")
def outcome_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a network of random weights that says who wins, for 9x9."""
    return write_outcome_weights(tmp_path_factory.mktemp("outcome"))


@pytest.fixture(scope="module")
def knowing(outcome_weights: Path) -> Iterator[TestClient]:
    """Return a client of a board with a network that says who wins."""
    yield from client_of(outcome_weights)


@pytest.fixture(scope="module")
def running(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBoard]:
    """Start ``gopolicy board`` with a small network."""
    folder = tmp_path_factory.mktemp("board")
    with start_board(folder, "--weights", str(tiny_weights)) as board:
        yield board
