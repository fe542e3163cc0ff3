"""The page of a review: one game to step through, with the figures of its moves."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from typing import Any

import numpy as np
from markupsafe import Markup

from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.board_svg import CELL, STONE, board_svg
from gopolicy.draw.render import render_page
from gopolicy.errors import GoPolicyError, SgfError
from gopolicy.go.board import Board
from gopolicy.go.rules import Rules
from gopolicy.go.types import EVENT_SETUP, Color
from gopolicy.go.vertex import vertex_name
from gopolicy.policy.game_review import MoveFigures, least_expected, lost_most, players
from gopolicy.sgf.marks import marks_at
from gopolicy.sgf.positions import position_before, record_rules
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.tree import GameTree, TreeNode

_PICTURE_CELL = 22


def review_page(
    record: GameRecord, tree: GameTree, figures: Sequence[MoveFigures], network: str
) -> str:
    """Return the page of a game, given also as a tree with its comments and variations."""
    script = files("gopolicy.draw").joinpath("templates/review.js").read_text("utf-8")
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    nodes, left_out = _nodes(tree, record_rules(record.rules))
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


@dataclass(frozen=True, slots=True)
class _Visit:
    """A node to go to, or the steps to take back once all behind it was seen."""

    node: TreeNode | None
    parent: int = -1
    """Where the node before it stands in the list of those that were seen."""
    waiting: tuple[int, ...] = ()
    """Setup of the nodes before it that is a position only with what follows."""
    steps: int = 0


def _nodes(tree: GameTree, rules: Rules) -> tuple[list[dict[str, Any]], int]:
    """Return the nodes in the order of the tree, and how many are left out as unplayable."""
    found: list[dict[str, Any]] = []
    setups: set[int] = set()
    main = {node.number for node in tree.line_through(tree.root)}
    board = Board(tree.size, suicide=rules.suicide)
    visits = [_Visit(tree.root)]
    while visits:
        visit = visits.pop()
        node = visit.node
        if node is None:
            steps = visit.steps
            while visits and visits[-1].node is None:  # together, for each time costs a replay
                steps += visits.pop().steps
            board.undo(steps)
            continue
        before = board.stones.reshape(-1)
        done = _carry_out(board, node, visit.waiting)
        if done is None:
            continue
        steps, waiting = done
        after = board.stones.reshape(-1)
        changes = [[int(at), int(after[at])] for at in np.flatnonzero(before != after)]
        entry = {"parent": visit.parent, "main": node.number in main, "ply": board.ply}
        found.append(entry | {"set": changes} | _shown(node, board))
        if steps and not node.is_move():
            setups.add(len(found) - 1)
        visits.append(_Visit(None, steps=steps))
        here = len(found) - 1
        visits += [_Visit(child, here, waiting) for child in reversed(node.children)]
    changed = False
    for index, entry in reversed([each for each in enumerate(found) if each[1]["main"]]):
        entry["decides"] = not changed  # the next move is made in this position
        changed = (changed or index in setups) and "vertex" not in entry
    return found, len(tree.nodes) - len(found)


def _carry_out(
    board: Board, node: TreeNode, waiting: tuple[int, ...]
) -> tuple[int, tuple[int, ...]] | None:
    """Do what a node says; return the steps it took and the setup that waits for what follows.

    Setup on its own may be no position yet, with a chain that has no liberty.  None, and the board
    as it was, where the node cannot be played.
    """
    steps = 0
    try:
        events = [*waiting, *node.events(board.size)]
        runs = [list(run) for _, run in groupby(events, lambda event: event & EVENT_SETUP)]
        for run in runs:
            for part in [run] if run[0] & EVENT_SETUP else [[event] for event in run]:
                board.carry_out(part)
                steps += 1
    except SgfError:
        return None
    except GoPolicyError:
        board.undo(steps)
        is_setup = all(event & EVENT_SETUP for event in events)
        return (0, tuple(events)) if is_setup else None
    return steps, ()


def _shown(node: TreeNode, board: Board) -> dict[str, Any]:
    """Return what the page shows of a node: the last move, comment and marks."""
    entry: dict[str, Any] = {}
    if board.last_move is not None:
        color = Color(int(board.events[-1]) >> 10 & 3)
        entry |= {"last": int(board.last_move), "color": int(color)}
        if node.is_move():
            entry["vertex"] = vertex_name(board.last_move, board.size)
    if comment := node.text("C"):
        entry["comment"] = comment
    if marks := marks_at(node, board.size):
        entry["marks"] = [[int(point), text] for point, text in marks.items()]
    return entry


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
