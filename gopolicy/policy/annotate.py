"""A whole game with the network's view of every move written into its SGF."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice

from gopolicy.errors import ConfigError, SgfError
from gopolicy.files import replacing
from gopolicy.go.types import PASS, Color, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.policy.balanced_views import balanced_views
from gopolicy.policy.outlook import Outlook
from gopolicy.policy.policy import Policy
from gopolicy.policy.view import View
from gopolicy.sgf.edit import Marked, SgfText, sgf_point
from gopolicy.sgf.positions import position_before, positions
from gopolicy.sgf.read import read_game
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import Note, write_game

BATCH = 128
_GRAPH = ("SBKV", "SBKS")
"""Sabaki's win rate of Black in percent and its lead in points, which it draws as graphs."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveNote:
    """The network's opinion before one move of a game, or after the last one."""

    color: Color
    played: Point | None
    """The move that follows in the record, None at the end."""
    view: View


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """An SGF text and where it comes from."""

    name: str
    """Its path, for messages."""
    data: bytes


def annotate(
    path: str | os.PathLike[str],
    policy: Policy,
    source: SourceText,
    *,
    top: int = 5,
    network: str = "a network",
    remark: Callable[[str], None] | None = None,
) -> None:
    """Write an SGF text with comments, and labels on the top moves, for its first game.

    Networks that know how games end also write SBKV and SBKS, Sabaki's properties for Black's win
    rate in percent and lead in points.  Everything else in the text stays as it is, such figures
    too, and path may be where it came from.  If it is too damaged for that, the main line is
    written anew, never over the source.  remark is told of either.  Raises SgfError.
    """
    record = read_game(source.data, source.name)
    text = _open_text(source.data, record)
    if text is None and _is_same_file(path, source.name):
        raise SgfError(f"{source.name}: too damaged to add remarks to it; write to another file")
    marked = text.marked() if text else {}
    words = NoteWords(record.size, top, network)
    notes = words.notes_from(list(notes_on(policy, record)), marked)
    data = text.with_notes(notes) if text else write_game(record, notes=notes)
    with replacing(path) as beside:
        beside.write_bytes(data)
    if remark and text is None:
        remark(f"{source.name} is damaged: {path} holds its main line only")
    if remark and text and policy.knows_outcomes and text.holds(*_GRAPH):
        remark(f"{source.name} has win rates or leads ({', '.join(_GRAPH)}); they stay as they are")


def _open_text(data: bytes, record: GameRecord) -> SgfText | None:
    """Return the text to add to, None if it is too damaged for that."""
    try:
        text = SgfText(data, record)
        text.with_notes({})
    except SgfError:
        return None
    return text


def _is_same_file(one: str | os.PathLike[str], other: str) -> bool:
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)


def notes_on(policy: Policy, record: GameRecord) -> Iterator[MoveNote]:
    """Yield the opinion before every move of the record, and one about its last position.

    Raises IllegalMove if the record has a move that the rules refuse.
    """
    if record.size != policy.size:
        sizes = f"{policy.size}x{policy.size}, the game is on {record.size}x{record.size}"
        raise ConfigError(f"{record.name}: the network plays on {sizes}")
    last = position_before(record)  # a game that cannot be played to its end is refused at once
    ahead = chain(positions(record), [last])
    while some := list(islice(ahead, BATCH)):
        for position, view in zip(some, balanced_views(policy, some), strict=True):
            yield MoveNote(color=position.to_play, played=position.played, view=view)


def _sabaki_values(outlook: Outlook) -> dict[str, str]:
    values = f"{100 * outlook.black_wins:.2f}", f"{outlook.lead:.2f}"
    return dict(zip(_GRAPH, values, strict=True))


@dataclass(frozen=True, slots=True)
class NoteWords:
    """What notes need to know beside the remarks."""

    size: int
    """The side of the board."""
    top: int
    """Most points to name as expected."""
    network: str
    """What to call the network."""

    def notes_from(
        self, remarks: list[MoveNote], marked: Mapping[int, Marked] | None = None
    ) -> dict[int, Note]:
        """Return the note of every node: how the network saw its move, and what it expects next.

        Points that are marked already get no label but are called by theirs if they have one; no
        label has a text that is there.
        """
        notes = {}
        for number, remark in enumerate(remarks):
            lines = [self._summary(remarks)] if number == 0 else []
            if number:
                lines.append(self._about_move(remarks[number - 1], number))
            labels: dict[Point, str] = {}
            names = []
            taken = (marked or {}).get(number, Marked())
            used = set(taken.labels.values())
            letters = iter(letter for letter in LETTERS if letter not in used)
            for point, share in remark.view.best_points(self.top):
                name = f"{vertex_name(point, self.size)} {share:.1%}"
                place = sgf_point(point, self.size)
                letter = taken.labels.get(place, "")
                if place not in taken.points and (letter := next(letters, "")):
                    labels[point] = letter
                names.append(f"{letter} {name}".lstrip())
            lines.append(f"{remark.color.name.capitalize()} is expected at: {', '.join(names)}")
            properties = {}
            if remark.view.outlook:
                lines.append(f"{remark.view.outlook.summary()}.")
                properties = _sabaki_values(remark.view.outlook)
            comment = "\n".join(lines)
            notes[number] = Note(comment=comment, labels=labels, properties=properties)
        return notes

    def _about_move(self, remark: MoveNote, number: int) -> str:
        assert remark.played is not None
        vertex = vertex_name(remark.played, self.size)
        who = f"Move {number}, {remark.color.name.capitalize()} {vertex}"
        if remark.played == PASS:
            return f"{who}."
        share = float(remark.view.probabilities[remark.played])
        return f"{who}: {share:.1%}, {remark.view.choice_words(remark.played)}."

    def _summary(self, remarks: list[MoveNote]) -> str:
        """Return how often the first choice was played; of equal ones each is a part of it."""
        seen = [(r.view, r.played) for r in remarks if r.played is not None and r.played >= 0]
        if not seen:
            return f"Seen by {self.network}."
        firsts = [view.equals(move) for view, move in seen if view.rank(move) == 1]
        share = sum(1 / count for count in firsts) / len(seen)
        played = f"its first choice was played in {share:.1%} of {len(seen)} moves"
        return f"Seen by {self.network}: {played}."
