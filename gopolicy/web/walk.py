"""The board at one node of a tree of variations."""

from gopolicy.errors import ConfigError, SgfError
from gopolicy.go.board import Board
from gopolicy.go.kernels import event_color, event_point
from gopolicy.go.rules import Rules
from gopolicy.go.types import EVENT_SETUP, Color, Point, player
from gopolicy.sgf.metadata import read_komi
from gopolicy.sgf.positions import Position, record_rules, whole_komi
from gopolicy.sgf.tree import GameTree, TreeNode

_NEAR = 24
"""Steps back that are taken one by one; a longer way begins at the root anew."""


class Walk:
    """Goes from node to node and keeps the board up to date.

    What a record says is done as far as it can be: a move on a stone replaces it, and one without
    any liberty is left out, which `remark` tells.
    """

    def __init__(self, tree: GameTree, rules: Rules | None = None) -> None:
        """Walk by rules; by default as records are read, whose repetitions are accepted."""
        self.tree = tree
        self._given = rules
        self._remarks: dict[int, str] = {}
        self._restart()

    @property
    def node(self) -> TreeNode:
        """Where we are."""
        return self._path[-1]

    @property
    def remark(self) -> str:
        """What could not be done at this node, empty if nothing."""
        return self._remarks.get(self.node.number, "")

    def go(self, node: TreeNode) -> None:
        """Go to a node of the tree."""
        path = node.path()
        shared = 0
        for old, new in zip(self._path, path, strict=False):
            if old is not new:
                break
            shared += 1
        if shared == 0 or len(self._path) - shared > _NEAR:
            self._restart()
            shared = 1
        while len(self._path) > shared:
            self._path.pop()
            self.board.undo(self._steps.pop())
        for each in path[shared:]:
            self._enter(each)
        root = self.tree.root
        komi = read_komi(root.line("KM"), root.line("AP"))
        self.board.komi = whole_komi(komi, root.line("RU"), self.board)

    def position(self) -> Position:
        """Return a copy of what is on the board, and the move that comes next."""
        to_play, played = self.board.to_move, None
        if self.node.children:
            following = self._moves(self.node.children[0])
            if following:
                to_play, played = following[0]
        return self.before(to_play, played)

    def before(self, to_play: Color, played: Point | None) -> Position:
        """Return what is on the board as the position before a move."""
        rules = record_rules(self.tree.root.line("RU"))
        board = rules.by_area(self.board, to_play)
        return Position(
            board=board, number=board.ply + 1, to_play=to_play, played=played, rules=rules
        )

    def move_at(self, node: TreeNode) -> tuple[Color, Point] | None:
        """Return the move made at a node; the last one where there are several."""
        if not node.is_move():
            return None
        moves = self._moves(node)
        return moves[-1] if moves else None

    @property
    def _rules(self) -> Rules:
        """By what to play: repetitions of a record are accepted, suicide where its rules do."""
        if self._given:
            return self._given
        suicide = record_rules(self.tree.root.line("RU")).suicide
        return Rules(superko="none", suicide=suicide)

    def _restart(self) -> None:
        rules = self._rules
        self.board = Board(self.tree.size, superko=rules.superko, suicide=rules.suicide)
        self._path: list[TreeNode] = []
        self._steps: list[int] = []
        self._enter(self.tree.root)

    def _moves(self, node: TreeNode) -> list[tuple[Color, Point]]:
        """Return the moves made at a node."""
        try:
            events = node.events(self.tree.size)
        except SgfError:
            return []
        return [(_color(e), Point(event_point(e))) for e in events if not e & EVENT_SETUP]

    def _enter(self, node: TreeNode) -> None:
        self._path.append(node)
        remark, steps = "", 0
        try:
            events = node.events(self.tree.size)
            steps += self._set_up([event for event in events if event & EVENT_SETUP])
            for event in events:
                if not event & EVENT_SETUP:
                    steps += self._play(Point(event_point(event)), _color(event))
        except (SgfError, ConfigError) as error:
            remark = str(error)
        if remark:
            self._remarks[node.number] = remark
        self._steps.append(steps)

    def _set_up(self, events: list[int]) -> int:
        """Put stones on the board as told; return how many steps of the board it took."""
        points: dict[int, list[Point]] = {0: [], 1: [], 2: []}
        to_move = None
        for event in events:
            point, color = event_point(event), int(event_color(event))
            if point < 0:
                to_move = player(color)
            else:
                points[color].append(Point(point))
        if events:
            self.board.setup(points[1], points[2], points[0], to_move)
        return int(bool(events))

    def _play(self, point: Point, color: Color) -> int:
        """Play a move whatever the rules say, if it can be; return how many steps it took."""
        if self.board.refusal(point, color) is None:
            self.board.play(point, color)
            return 1
        self.board.setup(empty=[point])  # forgets ko and earlier positions
        if self.board.refusal(point, color) is not None:
            self.board.undo()
            raise ConfigError("this move has no liberty and is left out")
        self.board.play(point, color)
        return 2


def _color(event: int) -> Color:
    return Color(int(event_color(event)))
