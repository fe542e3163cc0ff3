"""One browser tab: the game it looks at, and the game it plays."""

from collections.abc import Callable, Sequence

from gopolicy.errors import ConfigError
from gopolicy.go.types import PASS, Color, Point, player
from gopolicy.go.vertex import parse_vertex, vertex_name
from gopolicy.play.bot import explain
from gopolicy.play.passing import Choice
from gopolicy.play.player import Player
from gopolicy.sgf.edit import sgf_point
from gopolicy.sgf.tree import TreeNode
from gopolicy.web.contest import Contest, Count, new_contest
from gopolicy.web.engines import Engine
from gopolicy.web.game_file import GameFile
from gopolicy.web.looks import Wish
from gopolicy.web.page_request import Request
from gopolicy.web.record_tab import RecordTab


class Tab(RecordTab):
    """What one page sees and changes; lives on while its connection is down."""

    def requests(self) -> dict[str, Callable[[Request], None]]:
        """Return what can be asked, by name."""
        return super().requests() | {
            "play": self._play,
            "new": self._new,
            "undo": self._undo,
            "resign": self._resign,
            "count": self._count,
            "finish": self._finish,
            "resume": self._resume,
        }

    # Playing.

    def _play(self, request: Request) -> None:
        """Play a move for who is to move, or say of a chain whether it is dead."""
        point = parse_vertex(request.word("vertex", 8), self.file.tree.size)
        if self.count is not None:
            self._toggle(point)
            return
        to_move = self._to_play()
        if self.contest and self.contest.awaits_network(to_move):
            raise ConfigError("it is the network's turn")
        self._add(point, to_move)
        self._go_on()

    def _to_play(self) -> Color:
        return self.walk.position().to_play if self.contest is None else self.walk.board.to_move

    def _add(self, point: Point, color: Color) -> None:
        """Go to the node of a move, a new one where there is none; ConfigError if it is illegal."""
        node, size = self.walk.node, self.file.tree.size
        for child in node.children:
            if self.walk.move_at(child) == (color, point):
                self.walk.go(child)
                self._tell_position()
                return
        reason = self.walk.board.refusal(point, color)
        if reason is not None:
            raise ConfigError(f"{vertex_name(point, size)} is not allowed: {reason.value}")
        value = b"" if point == PASS else sgf_point(point, size).encode()
        added = self.file.tree.add(node, {"B" if color == Color.BLACK else "W": [value]})
        self.walk.go(added)
        self._changed()

    def _go_on(self) -> None:
        """Have the network move where it is its turn, or the game counted where both passed."""
        if self.contest is None or self.contest.result:
            return
        passes = self.walk.board.passes
        self.contest.played_on = min(self.contest.played_on, passes)
        if passes >= self.contest.played_on + 2:
            self._begin("think", self._propose_count)
        elif self.contest.awaits_network(self.walk.board.to_move):
            contest = self.contest
            self._begin("think", lambda: self._think(contest))

    def _move_to(self, node: TreeNode) -> None:
        """Go to a node; at the end of a game that is being played it goes on."""
        super()._move_to(node)
        if not node.children:
            self._go_on()

    def _remove(self, request: Request) -> None:
        super()._remove(request)
        if not self.walk.node.children:
            self._go_on()

    async def _think(self, contest: Contest) -> None:
        node, board = self.walk.node, self.walk.board.copy()
        self._tell_phase(thinking=True)
        color = board.to_move

        def question(ready: Sequence[Engine]) -> Choice:
            player = Player(ready[0].bot, contest.settings)
            return player.choose(board, color, scoring=contest.rules.scoring)

        choice = await self.engines.ask(question)
        if self.walk.node is not node or self.contest is not contest:
            return
        if choice.resign:
            self._end(f"{color.opponent.name[0]}+R")
            return
        self._add(choice.point, color)
        words = explain(choice, board)
        vertex = vertex_name(choice.point, board.size)
        self.outbox.tell("say", text=f"{color.name.capitalize()} plays {vertex}.", more=words)
        self._go_on()

    def _new(self, request: Request) -> None:
        contest, tree = new_contest(request, self.engines.names[0])
        if contest.settings.look_ahead > 1 and not self.engines.described[0].get("outcome"):
            raise ConfigError("to look ahead takes a network that has learned who wins")
        self._stop("think")
        self._open(GameFile("", [tree]), contest)
        self.wish = Wish(layer="moves" if request.flag("hints") else "nothing")
        self.refresh()
        self._go_on()

    def _undo(self, request: Request) -> None:
        """Take back moves until it is the person's turn again, one where only networks play."""
        self._stop("think")
        self.count = None
        node = self.walk.node
        while node.parent is not None and node.is_move():
            self.walk.go(node.parent)
            self.file.tree.remove(node)
            node = self.walk.node
            human = self.contest.human if self.contest else ()
            if not human or self.walk.board.to_move in human:
                break
        if self.contest:
            self.contest.result = ""
            self.file.tree.root.set_text("RE", "")
        self._changed()
        self._go_on()

    def _resign(self, request: Request) -> None:
        if self.contest is None or self.contest.result:
            raise ConfigError("there is no game to resign")
        loser = self.walk.board.to_move
        if len(self.contest.human) == 1:
            loser = self.contest.human[0]
        self._end(f"{player(loser).opponent.name[0]}+R")

    def _end(self, result: str) -> None:
        self._stop("think")
        if self.contest:
            self.contest.result = result
        self.file.tree.root.set_text("RE", result)
        self.count = None
        self.wish = Wish()
        self.refresh()
        self.outbox.tell("say", text=f"The game is over: {result}.", more="")

    # Counting.

    def _count(self, request: Request) -> None:
        self._begin("think", self._propose_count)

    async def _propose_count(self) -> None:
        node, board = self.walk.node, self.walk.board.copy()
        self._tell_phase(thinking=True)

        def question(ready: Sequence[Engine]) -> list[tuple[Point, ...]]:
            return ready[0].bot.dead(board)

        dead = await self.engines.ask(question)
        if self.walk.node is not node:
            return
        rules = self.contest.rules if self.contest else self.file.rules()
        points = {point for chain in dead for point in chain}
        self.count = Count(board=board, rules=rules, dead=points)
        self._tell_position()

    def _toggle(self, point: Point) -> None:
        assert self.count is not None
        if point < 0 or not self.count.board.chain(point):
            raise ConfigError("click a stone to say that it is dead, or alive")
        self.count.toggle(point)
        self._tell_position()

    def _finish(self, request: Request) -> None:
        if self.count is None:
            raise ConfigError("there is nothing to count")
        self._end(str(self.count.score()))

    def _resume(self, request: Request) -> None:
        """Play on after passes; two more are counted again."""
        self.count = None
        if self.contest:
            self.contest.played_on = self.walk.board.passes
        self._tell_position()
        self._go_on()
