"""Small random games and small untrained networks, made in a moment."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from gopolicy.features.planes import plane_set
from gopolicy.go.board import Board
from gopolicy.go.types import Point
from gopolicy.nets.folding import fold
from gopolicy.nets.outcome_head import build_outcome, fold_outcome
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import describe_network, save_weights
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import write_game


def random_record(seed: int, size: int = 9, moves: int = 40, **facts: Any) -> GameRecord:
    """Return a game of random legal moves, with a pass now and then."""
    rng = np.random.default_rng(seed)
    board = Board(size)
    for _ in range(moves):
        legal = np.flatnonzero(board.legal_mask())
        if rng.random() < 0.05 or not len(legal):
            board.play("pass")
        else:
            board.play(Point(int(rng.choice(legal))))
    return GameRecord(size=size, events=board.events, **facts)


def write_games(folder: Path, count: int = 4, size: int = 9) -> list[GameRecord]:
    """Write random games as SGF files into a folder; return their records."""
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    for seed in range(count):
        facts = {"black": "Ann", "white": "Bob", "black_rank": f"{seed + 1}d", "white_rank": "6d"}
        records.append(random_record(seed, size, 40, **facts))
        (folder / f"game-{seed}.sgf").write_bytes(write_game(records[-1]))
    return records


def write_weights(folder: Path, size: int = 9, planes: str = "alphago12") -> Path:
    """Write an untrained network; return its folder."""
    torch.manual_seed(5)
    network = build_network(
        "alphago", planes=plane_set(planes).count, size=size, filters=4, layers=1
    )
    save_weights(folder, network, describe_network(network, planes))
    return folder


def write_outcome_weights(folder: Path, size: int = 9, planes: str = "alphago12") -> Path:
    """Write an untrained network that says how games end, of each another; return its folder."""
    torch.manual_seed(5)
    count = plane_set(planes).count
    network = build_network("alphago-res", planes=count, size=size, filters=16, layers=4)
    head = build_outcome(network, {"channels": 8, "components": 2})
    torch.nn.init.normal_(head.score.conv.weight, std=0.3)
    network, head = fold(network.eval()), fold_outcome(head.eval())
    save_weights(folder, network, describe_network(network, planes), head)
    return folder
