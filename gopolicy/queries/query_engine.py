"""KataGo's analysis engine: lines of JSON in, lines of JSON out, the most urgent position first.

Nothing here reads a position; it keeps the order of work.  A round takes the most urgent positions
of all queries, so that several go through the network together; between rounds new lines are read,
so a query with a higher priority, or one that ends others, waits for one round at most.

Every query gets one reply for each position asked about, or one error; a query that is ended early
gets its remaining replies without results.
"""

import heapq
import itertools
import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gopolicy.errors import GoPolicyError
from gopolicy.files import parse_json
from gopolicy.go.board import Board
from gopolicy.gtp.protocol import LONGEST_LINE, Hangup, LineSource, Silence, TrafficLog
from gopolicy.play.any_bot import AnyBot
from gopolicy.queries.position_findings import Finding, find
from gopolicy.queries.query import Query, QueryError, read_query

ROUND = 8
"""Positions that go through the network together."""
MOST_WAITING = 100_000
"""Positions; a query that would make more of them wait is refused."""
_LONGEST_NOTE = 10_000
"""What is logged of a line, in bytes."""
_PROTOCOL = "1.16.0"
"""The version of KataGo whose protocol this follows; scripts compare it."""


@dataclass(slots=True)
class _Waiting:
    """A query some of whose positions have not been answered."""

    query: Query
    turns: set[int]
    """Those still to be answered."""
    latest: tuple[int, Board] | None = None
    """The last position that was set up, for the next one begins there."""

    def board_at(self, turn: int) -> Board:
        since = self.latest if self.latest and self.latest[0] <= turn else None
        board = self.query.game.board_at(turn, since)
        self.latest = (turn, board)
        return board


@dataclass(slots=True)
class QueryEngine:
    """Answers queries with a bot."""

    bot: AnyBot
    write: Callable[[bytes], None]
    """Writes and flushes; OSError and ValueError mean that nobody is listening."""
    version: str
    perspective: str = "BLACK"
    round_size: int = ROUND
    remark: Callable[[str], None] = lambda text: None
    """Tells a person something, outside the protocol."""
    journal: TrafficLog = field(default_factory=Silence)
    _waiting: list[_Waiting] = field(default_factory=list)
    _heap: list[tuple[int, int, int, _Waiting]] = field(default_factory=list)
    """Entries are (-priority, number, turn, query): equal ones in the order they came."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, source: LineSource) -> str:
        """Answer until the input has ended and nothing waits; return why: also "hangup"."""
        ended = False
        try:
            while not ended or self._heap:
                while not ended and (not self._heap or source.wait(0)):
                    line = source.next()
                    ended = line is None
                    if line is not None:
                        self.take(line)
                self.work()
        except Hangup:
            return "hangup"
        return "end of input"

    def take(self, line: bytes) -> None:
        """Take one line of input: a query, an action, or something wrong."""
        if not line.strip():
            return
        self.journal.note(">", line[:_LONGEST_NOTE].decode("utf-8", "replace").strip())
        if len(line) > LONGEST_LINE:
            self._send({"error": f"expected a line of at most {LONGEST_LINE:,} bytes"})
            return
        try:
            said = parse_json(line.decode("utf-8"))
        except ValueError as error:
            self._send({"error": f"Could not parse as JSON: {str(error)[:200]}"})
            return
        if not isinstance(said, Mapping) or not isinstance(said.get("id"), str):
            self._send({"error": 'Request must be an object with a string "id"'})
            return
        try:
            if "action" in said:
                self._act(said)
            else:
                self._add(read_query(said, self.perspective))
        except QueryError as error:
            self._send({"error": str(error), "field": error.where, "id": said["id"]})

    def work(self) -> None:
        """Answer the most urgent positions, one round of them."""
        findings: list[Finding] = []
        while self._heap and len(findings) < self.round_size:
            *_, turn, waiting = self._heap[0]
            size = waiting.query.game.size
            if findings and size != findings[0].board.size:
                break
            heapq.heappop(self._heap)
            if turn not in waiting.turns:
                continue  # terminated
            self._done(waiting, turn)
            board = waiting.board_at(turn)
            color = board.to_move
            findings.append(Finding(waiting.query, turn, board, color))
        if not findings:
            return
        try:
            find(self.bot, findings)
        except Exception as error:  # told to everybody; other queries may fare better
            known = isinstance(error, GoPolicyError)
            self.remark(str(error) if known else "".join(traceback.format_exception(error)))
            for each in findings:
                text = f"{type(error).__name__}: {error}"
                self._send({"error": text, "id": each.query.id, "turnNumber": each.turn})
            return
        for each in findings:
            self._send(each.answer())

    def _add(self, query: Query) -> None:
        """Let the positions of a query wait."""
        if not self.bot.accepts(query.game.size):
            size = f"{query.game.size}x{query.game.size}"
            raise QueryError(f"the network does not play {size}", "boardXSize")
        if len(self._heap) + len(query.turns) > MOST_WAITING:
            raise QueryError(f"more than {MOST_WAITING:,} positions would wait", "analyzeTurns")
        for where, warning in query.warnings:
            self._send({"id": query.id, "warning": warning, "field": where})
        waiting = _Waiting(query, set(query.turns))
        self._waiting.append(waiting)
        for turn, priority in zip(query.turns, query.priorities, strict=True):
            heapq.heappush(self._heap, (-priority, next(self._numbers), turn, waiting))

    def _act(self, said: Mapping[str, Any]) -> None:
        """Do what is no query."""
        action = said["action"]
        reply: dict[str, Any] = {key: said[key] for key in ("action", "id")}
        if action == "query_version":
            reply |= {"version": _PROTOCOL, "git_hash": f"gopolicy-{self.version}"}
        elif action == "query_models":
            reply["models"] = [self._model()]
        elif action in ("terminate", "terminate_all"):
            self._terminate(said)
            reply |= {key: said[key] for key in ("terminateId", "turnNumbers") if key in said}
        elif action != "clear_cache":  # nothing is kept between queries
            known = "query_version, query_models, clear_cache, terminate, terminate_all"
            raise QueryError(f"expected an action from {known}", "action")
        self._send(reply)

    def _terminate(self, said: Mapping[str, Any]) -> None:
        """End queries, or some turns of them, that have not been answered."""
        wanted, turns = said.get("terminateId"), said.get("turnNumbers")
        if said["action"] == "terminate" and not isinstance(wanted, str):
            raise QueryError("expected the id of a query", "terminateId")
        if turns is not None and not (
            isinstance(turns, list) and all(type(turn) is int for turn in turns)
        ):
            raise QueryError("expected a list of whole numbers", "turnNumbers")
        for waiting in list(self._waiting):
            if said["action"] == "terminate" and waiting.query.id != wanted:
                continue
            ending = waiting.turns & set(turns) if turns is not None else set(waiting.turns)
            for turn in sorted(ending):
                self._done(waiting, turn)
                self._send(
                    {
                        "id": waiting.query.id,
                        "isDuringSearch": False,
                        "noResults": True,
                        "turnNumber": turn,
                    }
                )

    def _done(self, waiting: _Waiting, turn: int) -> None:
        """Take a position from those that wait."""
        waiting.turns.discard(turn)
        if not waiting.turns:
            self._waiting.remove(waiting)

    def _model(self) -> dict[str, Any]:
        return {
            "name": self.bot.describe(),
            "internalName": self.bot.describe(),
            "maxBatchSize": self.round_size,
            "usesHumanSLProfile": False,
            "version": 0,
            "usingFP16": "false",
        }

    def _send(self, reply: Mapping[str, Any]) -> None:
        text = json.dumps(reply, separators=(",", ":"), allow_nan=False)
        self.journal.note("<", text[:_LONGEST_NOTE])
        try:
            self.write(text.encode("ascii") + b"\n")
        except (OSError, ValueError) as error:  # a closed file is a ValueError
            raise Hangup from error
