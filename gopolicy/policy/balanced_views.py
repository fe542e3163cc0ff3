"""Views of positions whose outlooks do not lean to whoever is to move."""

from collections.abc import Sequence
from dataclasses import replace

from gopolicy.go.types import Point
from gopolicy.policy.outlook import Outlook, balanced
from gopolicy.policy.policy import Policy
from gopolicy.policy.view import View
from gopolicy.sgf.positions import Position

Behind = dict[tuple[int, Point], Outlook]
"""What a network says of the position behind a move, by the index of the view and the move."""


def balanced_views(policy: Policy, asked: Sequence[Position]) -> list[View]:
    """Return the views of positions, with outlooks that are the mean of two looks.

    The second look is at the position after the network's first choice; see `balanced`.  A network
    that has learned moves alone looks once.
    """
    views = policy(asked)
    return balance(views, outlooks_behind(policy, views, first_choices(views)))


def balance(views: Sequence[View], behind: Behind) -> list[View]:
    """Return views with the mean of their own outlook and that behind their first choice."""
    found = list(views)
    for index, point in first_choices(views):
        now = views[index].outlook
        if now and (index, point) in behind:
            outlook, _ = balanced(now, [behind[index, point]], [1.0])
            found[index] = replace(views[index], outlook=outlook)
    return found


def first_choices(views: Sequence[View]) -> list[tuple[int, Point]]:
    """Return the index and the most probable move of every view that has a legal one."""
    return [(index, point) for index, view in enumerate(views) for point, _ in view.best_points(1)]


def outlooks_behind(
    policy: Policy, views: Sequence[View], moves: Sequence[tuple[int, Point]]
) -> Behind:
    """Look at the positions behind some moves; nothing for a network that knows moves alone."""
    if not policy.knows_outcomes or not moves:
        return {}
    boards = [position_behind(views[index], point).board for index, point in moves]
    return dict(zip(moves, policy.outlooks(boards) or [], strict=True))


def position_behind(view: View, point: Point) -> Position:
    """Return the position of a view after a move of whoever is to play there."""
    assert view.position is not None
    before, rules = view.position, view.position.rules
    board = before.board.copy()
    board.play(point, before.to_play)
    rules.recount(board, before.board, before.to_play)
    number, to_play = before.number + 1, board.to_move
    return Position(board=board, number=number, to_play=to_play, played=None, rules=rules)
