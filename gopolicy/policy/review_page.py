"""The page of a review: one game to step through, with the figures of its moves."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from markupsafe import Markup

from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.board_svg import CELL, STONE, board_svg
from gopolicy.draw.render import render_page
from gopolicy.errors import GoPolicyError
from gopolicy.go.board import Board
from gopolicy.go.types import Color
from gopolicy.go.vertex import vertex_name
from gopolicy.policy.game_review import MoveFigures, least_expected, lost_most, players
from gopolicy.sgf.marks import marks_at
from gopolicy.sgf.positions import position_before
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.tree import GameTree, TreeNode

_PICTURE_CELL = 22


def review_page(
    record: GameRecord, tree: GameTree, figures: Sequence[MoveFigures], network: str
) -> str:
    """Return the page of a game, given also as a tree with its comments and variations."""
    script = files("gopolicy.draw").joinpath("templates/review.js").read_text("utf-8")
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    nodes, left_out = _nodes(tree)
    size = record.size
    return render_page(
        "review.html",
        title=f"{record.black or 'Black'} - {record.white or 'White'}",
        said=_said(record),
        board=board_svg(BoardPicture(stones=np.zeros((size, size), np.int8))),
        data={
            "size": size,
            "stone": CELL * STONE,
            "nodes": nodes,
            "moves": [_move(each, size) for each in figures],
        },
        left_out=left_out,
        knows=bool(figures) and figures[0].outlook is not None,
        players=players(figures).values(),
        lists=[
            ("Moves that lost most", [_entry(record, each) for each in lost_most(figures)]),
            ("Moves least expected", [_entry(record, each) for each in least_expected(figures)]),
        ],
        script=Markup(script),  # our own, and the only one that may run
        digest=digest,
        network=network,
        facts={},
    )


def _said(record: GameRecord) -> str:
    komi = "no komi given, counted as 0" if record.komi is None else f"komi {record.komi:g}"
    handicap = f"handicap {record.handicap}" if record.handicap else ""
    result = record.result or "no result given"
    parts = [record.black_rank and f"Black {record.black_rank}"]
    parts += [record.white_rank and f"White {record.white_rank}", record.date, komi, handicap]
    return ", ".join(part for part in [*parts, result] if part)


def _nodes(tree: GameTree) -> tuple[list[dict[str, Any]], int]:
    """Return the nodes in the order of the tree, and how many are left out as unplayable."""
    found: list[dict[str, Any]] = []
    main = {node.number for node in tree.line_through(tree.root)}
    waiting: list[tuple[TreeNode, Board, int]] = [(tree.root, Board(tree.size), -1)]
    while waiting:
        node, board, parent = waiting.pop()
        before = board.stones.reshape(-1)
        try:
            board.carry_out(node.events(tree.size))
        except GoPolicyError:
            continue
        after = board.stones.reshape(-1)
        changes = [[int(at), int(after[at])] for at in np.flatnonzero(before != after)]
        entry = {"parent": parent, "main": node.number in main, "ply": board.ply, "set": changes}
        if board.last_move is not None and node.is_move():
            color = Color(int(board.events[-1]) >> 10 & 3)
            vertex = vertex_name(board.last_move, tree.size)
            entry |= {"vertex": vertex, "last": int(board.last_move), "color": int(color)}
        if comment := node.text("C"):
            entry["comment"] = comment
        if marks := marks_at(node, tree.size):
            entry["marks"] = [[int(point), text] for point, text in marks.items()]
        found.append(entry)
        here = len(found) - 1
        for index, child in reversed(list(enumerate(node.children))):
            alone = len(node.children) == 1 and index == 0
            waiting.append((child, board if alone else board.copy(), here))
    return found, len(tree.nodes) - len(found)


def _move(each: MoveFigures, size: int) -> dict[str, Any]:
    best = [[int(point), vertex_name(point, size), round(share, 4)] for point, share in each.best]
    before = each.outlook
    start = {"wins": round(before.black_wins, 4), "lead": round(before.lead, 1)} if before else {}
    return each.facts(size) | {"top": best, "before": start}


def _entry(record: GameRecord, each: MoveFigures) -> dict[str, Any]:
    """Return a move of a list, with a picture of what the network would have played."""
    board = position_before(record, each.number).board
    labels = {point: f"{100 * share:.0f}" for point, share in each.best[:3] if share >= 0.01}
    labels |= {point: f"{100 * share:.0f}" for point, share in each.best[:1]}
    picture = BoardPicture(
        stones=board.stones, last_move=board.last_move, played=each.played, labels=labels
    )
    return {"facts": each.facts(record.size), "svg": board_svg(picture, _PICTURE_CELL)}
