"""Sound games, networks and stores, made by our own code, that damage is done to."""

import random
from functools import cache
from pathlib import Path

import numpy as np

from gopolicy.go.board import Board
from gopolicy.go.types import Point
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import Note, write_game

DIALECTS = (
    "(;GM[1]FF[4]SZ[19]HA[4]KM[0.5];W[qf];B[nc];W[rd];B[qh];W[fc];B[cf])",
    "(;GM[1]FF[4]SZ[9]HA[2]AB[gc][cg]AW[ee]PL[W]KM[6½]RE[W+R]RU[Japanese];W[cc]C[a\\]b\\\\];B[gg])",
    "(;SZ[9]KM[3又3/4子]RE[黑中盘胜]PB[李]BR[P9]DT[2001-02-03,04];B[ee](;W[dd];B[])(;W[cc];B[tt]))",
    "(;SZ[5:5];B[aa]()(;W[bb])) (;GM[1]SZ[3]AB[aa:ca][bb]AE[ba];W[cc]LB[aa:A][bb:1]BL[12.5]OB[3])",
    ";GM[1]SZ[9];B[ee];W[ed]MA[ee]TR[aa]C[x\n\ny]N[node];B[dd]TB[aa:bb]TW[cc]",
    "(;FF[3]GM[1]SiZe[9]PlayerBlack[A]Black[ee];White[ed])",
)
TOKENS = tuple(
    text.encode()
    for text in (
        *("(", ")", ";", "[", "]", "\\", "\\]", "]]", "[]", "[tt]", "[aa:ss]", "[zz]", ":", "(;"),
        *("GM[1]", "SZ[", "SZ[19:18]", "SZ[26]", "SZ[1]", "HA[9]", "HA[99]", "KM[", "RE[", "AB["),
        *("AW[", "AE[", "PL[W]", "CA[", "CA[gb2312]", "CA[utf-16]", "CA[idna]", "B[", "W[", "C["),
        *("FF[4]", "TM[1e999]", "BR[9p]", "LB[aa:", "\r", "\n", "\r\n", "\ufeff", "½", "三", "९"),
        *("KM[" + "9" * 400 + "]", "HA[" + "1" * 400 + "]", "DT[0000-00-00]", "RE[B+1e400]"),
    )
)


def record(seed: int, size: int = 9, moves: int = 20) -> GameRecord:
    """Return a game of random legal moves."""
    dice = random.Random(seed)
    board = Board(size)
    for _ in range(moves):
        legal = np.flatnonzero(board.legal_mask())
        board.play(Point(int(dice.choice(list(legal)))) if len(legal) else "pass")
    rank = f"{seed % 9 + 1}d"
    return GameRecord(
        size=size,
        events=board.events,
        komi=6.5,
        black=f"A {seed}",
        black_rank=rank,
        white_rank="3k",
    )


@cache
def games() -> tuple[bytes, ...]:
    """Return sound SGF texts, of our own writing and in other dialects, in several encodings."""
    ours = [write_game(record(seed, size)) for seed, size in enumerate((9, 19, 5, 13, 25))]
    notes = {0: Note(comment="a [b] c"), 3: Note(comment="\\", labels={Point(0): "A"})}
    texts = [text.encode() for text in DIALECTS]
    other = DIALECTS[2].replace("(;", "(;CA[{}]", 1)
    texts += [other.format(name).encode(name) for name in ("gb18030", "utf-16", "utf-8-sig")]
    texts.append("(;SZ[9]PB[ソ表]PC[能];B[ee]C[十])".encode("cp932"))
    return (*ours, write_game(record(7), notes=notes), *texts, b"\n".join(ours[:3]))


def write_folder(folder: Path, count: int = 8) -> Path:
    """Write small games into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        (folder / f"{seed}.sgf").write_bytes(write_game(record(seed, 9, 16)))
    return folder


def write_store(folder: Path) -> Path:
    """Write a store of small games."""
    from gopolicy.data import store
    from gopolicy.data.build import build_table
    from gopolicy.data.prepare_options import PrepareOptions

    options = PrepareOptions(size=9, validation=0.25)
    table, rejections = build_table([write_folder(folder.with_name("games"))], options)
    store.write_store(table, rejections, folder, options)
    return folder


def write_weights(folder: Path, name: str = "alphago", size: int = 9) -> Path:
    """Write an untrained network for small boards and four planes."""
    import torch

    from gopolicy.features.planes import plane_set
    from gopolicy.nets.registry import build_network
    from gopolicy.nets.weights import describe_network, save_weights

    torch.manual_seed(1)
    torch.set_num_threads(1)
    planes = plane_set("alphago4").count
    network = build_network(name, planes=planes, size=size, filters=4, layers=2)
    save_weights(folder, network, describe_network(network, "alphago4", accuracy={"top1": 0.1}))
    return folder
