"""What a browser tab looks at: games of a file, one of their positions, what networks see there."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from gopolicy.draw.board_svg import board_svg
from gopolicy.errors import ConfigError, GoPolicyError
from gopolicy.go.kernels import event_color
from gopolicy.go.types import Color
from gopolicy.go.vertex import vertex_name
from gopolicy.policy.annotate import NoteWords, notes_on
from gopolicy.policy.review_page import review_page
from gopolicy.sgf.edit import SgfText
from gopolicy.sgf.marks import marks_at
from gopolicy.sgf.read import read_game
from gopolicy.sgf.tree import TreeNode, read_trees, write_tree, write_trees
from gopolicy.web.contest import Contest, Count
from gopolicy.web.engines import Engine, Engines
from gopolicy.web.game_file import (
    LONGEST_COMMENT,
    GameFile,
    empty_file,
    read_file,
    tree_rows,
)
from gopolicy.web.line_review import LineReview
from gopolicy.web.looks import LAYERS, Scene, Wish, look
from gopolicy.web.outbox import Outbox
from gopolicy.web.page_request import Request, read_request
from gopolicy.web.walk import Walk

LOG = logging.getLogger(__name__)
_MOST_NODE = 10**9
_PAUSE = 0.15
"""Seconds: whoever steps on before they are over is on the way, and sees no heat map there."""


class RecordTab:
    """A game that is looked at and edited; `Tab` adds playing."""

    def __init__(self, engines: Engines) -> None:
        self.engines = engines
        self.outbox = Outbox()
        self.contest: Contest | None = None
        self.count: Count | None = None
        self.wish = Wish()
        self._opened = 0
        self._moved = 0.0
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._open(empty_file())

    def requests(self) -> dict[str, Callable[[Request], None]]:
        """Return what can be asked, by name."""
        return {
            "go": self._go,
            "step": self._step,
            "show": self._show,
            "comment": self._comment,
            "remove": self._remove,
            "game": self._choose_game,
            "save": self._save,
        }

    # Messages.

    def receive(self, message: str) -> None:
        """Do what a message asks for, or say why not."""
        self._guarded(lambda: self._dispatch(read_request(message)))

    def receive_file(self, message: bytes) -> None:
        """Open a file: a line with its name, and behind it what it holds."""
        name, _, data = message.partition(b"\n")
        self._guarded(lambda: self.load(data, name.decode("utf-8", "replace")[:200]))

    def refresh(self) -> None:
        """Tell a page that has just come everything."""
        self._tell_game()
        self._tell_position()

    def close(self) -> None:
        """Stop all that is under way."""
        for task in self._tasks.values():
            task.cancel()

    def _dispatch(self, request: Request) -> None:
        known = self.requests()
        known[request.choice("do", known)](request)

    def _guarded(self, action: Callable[[], None]) -> None:
        """Do something; a failure becomes a sentence on the page."""
        try:
            action()
        except Exception as error:
            self._failed(error)

    def _begin(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start something slow instead of what runs under this name."""
        self._stop(name)

        async def guarded() -> None:
            try:
                await work()
            except Exception as error:
                self._failed(error)

        self._tasks[name] = asyncio.get_running_loop().create_task(guarded())

    def _failed(self, error: Exception) -> None:
        """Say on the page what went wrong; what should not happen is logged, too."""
        if isinstance(error, GoPolicyError):
            text = str(error)
            text = text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
        else:
            LOG.error("a request failed", exc_info=error)
            text = "That failed; the terminal says more."
        self.outbox.tell("error", text=text)

    def _stop(self, name: str) -> None:
        if old := self._tasks.pop(name, None):
            old.cancel()

    # Files and games.

    def _open(self, file: GameFile, contest: Contest | None = None) -> None:
        self.file, self.contest, self.count = file, contest, None
        self._opened += 1
        self.wish = replace(self.wish, vertex="")
        self.walk = Walk(file.tree, contest.rules if contest else None)
        self._review = LineReview(file.tree)
        self._line: list[TreeNode] = []
        self.walk.go(file.tree.root)
        self._stop("graph")
        self._tell_graph([])

    def load(self, data: bytes, name: str) -> None:
        """Open what a file holds; SgfError if that is no game."""
        file, remarks = read_file(data, name)
        self._stop("think")
        self._open(file)
        self.refresh()
        if remarks:
            more = f" (and {len(remarks) - 3} more remarks)" if len(remarks) > 3 else ""
            self.outbox.tell("error", text=". ".join(remarks[:3]) + more)

    def _choose_game(self, request: Request) -> None:
        self.file.index = request.whole("number", 0, len(self.file.trees) - 1)
        self._open(self.file)
        self.refresh()

    def _save(self, request: Request) -> None:
        """Hand over the games; or the one looked at, with notes; or a review of it as a page."""
        form, name = request.choice("form", ("save", "notes", "page")), self.file.name or "game.sgf"
        if form == "save":
            data = write_trees(self.file.trees)
            self.outbox.tell("file", name=name, text=data.decode("utf-8", "replace"))
        else:
            self._begin("save", lambda: (self._annotate if form == "notes" else self._page)(name))

    async def _page(self, name: str) -> None:
        review, tree, network = self._review, self.file.tree, self.engines.names[0]
        data, line = write_tree(tree), tree.line_through(tree.root)
        async for _ in review.look_at(line, self.engines):
            pass
        record, figures = read_game(data, name), list(review.known(line).values())
        if len(figures) < record.moves:
            raise ConfigError("no page: not every move of this game can be reviewed")
        kept = read_trees(data, name)[0][0]  # the other may change before its turn
        page = await self.engines.ask(lambda _: review_page(record, kept, figures, network))
        self.outbox.tell("file", name=f"{PurePath(name).stem}-review.html", text=page)

    async def _annotate(self, name: str) -> None:
        data = write_tree(self.file.tree)

        def question(ready: Sequence[Engine]) -> bytes:
            record = read_game(data, name)
            text = SgfText(data, record)
            seen = list(notes_on(ready[0].bot.policy(record.size), record))
            words = NoteWords(record.size, 5, ready[0].name)
            return text.with_notes(words.notes_from(seen, text.marked()))

        noted = await self.engines.ask(question)
        self.outbox.tell("file", name=f"seen-{name}", text=noted.decode("utf-8", "replace"))

    def _comment(self, request: Request) -> None:
        node = self._node(request)
        node.set_text("C", request.word("text", LONGEST_COMMENT))
        self._tell_tree()

    def _remove(self, request: Request) -> None:
        node = self.walk.node
        self._stop("think")
        self.count = None
        if node.parent is not None:
            self.walk.go(node.parent)
        self.file.tree.remove(node)
        self._changed()

    # Walking.

    def _node(self, request: Request) -> TreeNode:
        number = request.whole("node", 0, _MOST_NODE)
        if number not in self.file.tree.nodes:
            raise ConfigError("this node is no longer there")
        return self.file.tree.nodes[number]

    def _go(self, request: Request) -> None:
        self._move_to(self._node(request))

    def _step(self, request: Request) -> None:
        """Go so many nodes on, or back."""
        node = self.walk.node
        by = request.whole("by", -_MOST_NODE, _MOST_NODE)
        while by > 0 and node.children:
            node, by = node.children[0], by - 1
        while by < 0 and node.parent is not None:
            node, by = node.parent, by + 1
        self._move_to(node)

    def _move_to(self, node: TreeNode) -> None:
        self._stop("think")
        self.count = None
        self.walk.go(node)
        before, self._moved = self._moved, time.monotonic()
        self._tell_position(_PAUSE if self._moved - before < _PAUSE else 0.0)

    # Telling.

    def _show(self, request: Request) -> None:
        self.wish = Wish(
            layer=request.choice("layer", LAYERS),
            number=request.whole("number", 0, 10_000, 0),
            channel=request.whole("channel", 0, 100_000, 0),
            vertex=request.word("vertex", 8, ""),
        )
        self._tell_position()

    def _changed(self) -> None:
        self._tell_tree()
        self._tell_position()

    def _tell_game(self) -> None:
        self.outbox.tell("game", **self.file.title())
        self._tell_tree()

    def _tell_tree(self) -> None:
        self.outbox.tell("tree", rows=tree_rows(self.walk))

    def _tell_phase(self, *, thinking: bool = False) -> None:
        contest, count = self.contest, self.count
        self.outbox.tell(
            "phase",
            playing=contest is not None and not contest.result,
            human=[int(color) for color in contest.human] if contest else [1, 2],
            result=contest.result if contest else "",
            thinking=thinking,
            score=str(count.score()) if count else "",
            dead=sorted(count.dead) if count else [],
        )

    def _tell_position(self, pause: float = 0.0) -> None:
        """Tell what is on the board; after a pause without a further step the networks look."""
        node, position = self.walk.node, self.walk.position()
        board = position.board
        playing = self.contest is not None and not self.contest.result
        marks = marks_at(node, board.size)
        scene = Scene(position=position, marks=marks, show_played=not playing)
        picture = scene.quiet(self.wish)
        if self.count is not None:
            picture = scene.picture(owners=self.count.owners(), faded=self.count.dead)
        captures = board.captures
        last = board.last_move
        self.outbox.tell(
            "position",
            opened=self._opened,
            node=node.number,
            svg=board_svg(picture),
            number=board.ply,
            stones="".join(".XO"[stone] for stone in board.stones.reshape(-1).tolist()),
            last="" if last is None else vertex_name(last, board.size),
            last_color=0 if last is None else event_color(board.events[-1]),
            to_play=int(position.to_play),
            captures=[captures[Color.BLACK], captures[Color.WHITE]],
            comment=node.text("C"),
            remark=self.walk.remark,
            wish={"layer": self.wish.layer, "number": self.wish.number},
        )
        self._tell_phase()
        if self.count is None:
            self._begin("look", lambda: self._look(scene, pause))
        else:
            self._stop("look")
        line = self.file.tree.line_through(node)
        if not playing and line != self._line:
            self._line = line
            self._begin("graph", lambda: self._graph(line))

    async def _look(self, scene: Scene, pause: float) -> None:
        wish, node = self.wish, self.walk.node.number
        await asyncio.sleep(pause)

        def question(ready: Sequence[Engine]) -> list[dict[str, Any]]:
            return [look(engine, scene, wish) for engine in ready]

        seen = await self.engines.ask(question)
        self.outbox.tell("look", node=node, layer=wish.layer, networks=seen)

    async def _graph(self, line: list[TreeNode]) -> None:
        self._tell_graph(line)
        async for _ in self._review.look_at(line, self.engines):
            self._tell_graph(line)
        self._tell_graph(line, done=True)

    def _tell_graph(self, line: list[TreeNode], *, done: bool = False) -> None:
        self.outbox.tell("graph", **self._review.told(line), done=done)
