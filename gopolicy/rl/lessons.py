"""What is learned from in an iteration, and the lessons before it that are learned from again.

To try the candidates of a decision takes much longer than to learn from it, so a run may keep the
lessons of its last iterations: `RecentLessons`, in memory and in its folder ``lessons``.

Letters: M decisions, E events, A = N * N points.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from gopolicy.errors import ConfigError
from gopolicy.files import read_limited
from gopolicy.go.kernels import clear, new_board, replay
from gopolicy.go.types import EVENT_COLOR_SHIFT, EVENT_NO_POINT, EVENT_POINT_MASK, EVENT_SETUP
from gopolicy.nets.weight_folder import write_bytes
from gopolicy.progress import Progress
from gopolicy.rl.decisions import Decisions, Ints

_AT_ONCE = 256
"""Decisions that are looked at together where nothing is learned."""
_NAME = "{number:06d}-{rank}.safetensors"
_NAMES = re.compile(r"([0-9]{6,9})-([0-9]+)\.safetensors", re.ASCII)
_MOST_BYTES = 1 << 30
_KINDS = {
    **dict.fromkeys(("starts", "moves", "games", "colors"), np.int64),
    "events": np.uint16,
    "choices": np.uint8,
    "symmetries": np.int8,
    "shares": np.float32,
}


@dataclass(frozen=True, slots=True)
class Lesson:
    """Decisions and what is known of each."""

    decisions: Decisions
    choices: npt.NDArray[np.bool_]
    """[M, A] what there was to choose from."""
    symmetries: npt.NDArray[np.int8]
    """[M] how each is turned."""
    shares: npt.NDArray[np.float32] | None = None
    """[M, A] the probabilities that are aimed at; None: what was played tells."""

    def __len__(self) -> int:
        return len(self.decisions)

    def take(self, chosen: Ints) -> "Lesson":
        """Return some of them, by their numbers."""
        shares = None if self.shares is None else self.shares[chosen]
        choices, symmetries = self.choices[chosen], self.symmetries[chosen]
        return Lesson(self.decisions.take(chosen), choices, symmetries, shares)

    def parts(self) -> Iterator["Lesson"]:
        """Yield all in order, in parts that can be looked at together."""
        for first in range(0, len(self), _AT_ONCE):
            yield self.take(np.arange(first, min(first + _AT_ONCE, len(self))))


def joined_lessons(lessons: Sequence[Lesson]) -> Lesson:
    """Return lessons with probabilities that are aimed at as one, in their order."""
    events = [0, *np.cumsum([len(each.decisions.events) for each in lessons])]
    games = [0, *np.cumsum([each.decisions.games.max(initial=-1) + 1 for each in lessons])]
    rows = list(zip(lessons, events, games, strict=False))
    return Lesson(
        Decisions(
            events=np.concatenate([each.decisions.events for each in lessons]),
            starts=np.concatenate([each.decisions.starts + first for each, first, _ in rows]),
            moves=np.concatenate([each.decisions.moves + first for each, first, _ in rows]),
            games=np.concatenate([each.decisions.games + first for each, _, first in rows]),
            colors=np.concatenate([each.decisions.colors for each in lessons]),
        ),
        np.concatenate([each.choices for each in lessons]),
        np.concatenate([each.symmetries for each in lessons]),
        np.concatenate([_shares_of(each) for each in lessons]),
    )


class RecentLessons:
    """The lessons of the last iterations of one process, by the numbers of the iterations."""

    def __init__(self, folder: Path, size: int, keep: int, rank: int, progress: Progress) -> None:
        """Keep those of so many iterations before the one that is under way."""
        self._folder, self._size, self._keep, self._rank = folder, size, keep, rank
        self._progress = progress
        self._lessons: dict[int, Lesson] = {}

    def add(self, number: int, lesson: Lesson) -> Lesson:
        """Keep the lesson of an iteration; return it joined with the recent ones."""
        self._lessons = {n: each for n, each in self._lessons.items() if n >= number - self._keep}
        self._lessons[number] = lesson
        self._folder.mkdir(exist_ok=True)
        write_bytes(self._path(number), _packed(lesson))
        return joined_lessons(list(self._lessons.values()))

    def restore(self, number: int) -> None:
        """Read the lessons that iteration number learns from besides its own.

        One that is damaged or gone is named and left out.
        """
        self._lessons = {}
        for found in range(max(number - self._keep, 0), number):
            try:
                self._lessons[found] = _unpacked(self._path(found), self._size)
            except (OSError, ConfigError) as error:
                why = error.strerror if isinstance(error, OSError) else error
                self._progress.message(f"the lesson of iteration {found} is left out: {why}")

    def forget_before(self, number: int) -> None:
        """Remove what a run that goes on with iteration number does not need."""
        for path in self._folder.glob("*.safetensors"):
            found = _NAMES.fullmatch(path.name)
            if found and int(found[1]) < number - self._keep and int(found[2]) == self._rank:
                path.unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self._folder / _NAME.format(number=number, rank=self._rank)


def _shares_of(lesson: Lesson) -> npt.NDArray[np.float32]:
    """Return the probabilities that are aimed at; only lessons with them are kept."""
    assert lesson.shares is not None
    return lesson.shares


def _packed(lesson: Lesson) -> bytes:
    """Return a lesson as bytes."""
    decisions = lesson.decisions
    arrays = {
        "events": decisions.events,
        "starts": decisions.starts,
        "moves": decisions.moves,
        "games": decisions.games,
        "colors": decisions.colors,
        "choices": np.packbits(lesson.choices, axis=1),
        "symmetries": lesson.symmetries,
        "shares": _shares_of(lesson),
    }
    return safetensors.numpy.save({name: np.ascontiguousarray(a) for name, a in arrays.items()})


def _unpacked(path: Path, size: int) -> Lesson:
    """Return the lesson in a file; ConfigError for a damaged one, OSError where it is gone."""
    try:
        arrays = safetensors.numpy.load(read_limited(path, _MOST_BYTES))
    except safetensors.SafetensorError as error:
        raise ConfigError(f"{path}: {error}") from error
    if not _is_sound(arrays, size):
        raise ConfigError(f"{path}: not a lesson on {size}x{size} boards")
    names = ("events", "starts", "moves", "games", "colors")
    choices = np.unpackbits(arrays["choices"], axis=1, count=size * size).astype(np.bool_)
    decisions = Decisions(*(arrays[name] for name in names))
    return Lesson(decisions, choices, arrays["symmetries"], arrays["shares"])


def _is_sound(arrays: dict[str, npt.NDArray[Any]], size: int) -> bool:
    """Return whether arrays are those of a lesson: kinds, shapes, ranges, and legal games."""
    if {name: array.dtype for name, array in arrays.items()} != {
        name: np.dtype(kind) for name, kind in _KINDS.items()
    }:
        return False
    count, points = len(arrays["moves"]), size * size
    shapes: dict[str, tuple[int, ...]] = {
        name: (count,) for name in ("starts", "moves", "games", "colors", "symmetries")
    }
    shapes |= {"choices": (count, -(-points // 8)), "shares": (count, points)}
    if arrays["events"].ndim != 1 or any(arrays[n].shape != shapes[n] for n in shapes):
        return False
    ranges = {
        "starts": (0, len(arrays["events"])),
        "moves": (0, len(arrays["events"])),
        "games": (0, max(count, 1)),
        "colors": (1, 3),
        "symmetries": (0, 8),
    }
    for name, (low, high) in ranges.items():
        if not ((arrays[name] >= low) & (arrays[name] < high)).all():
            return False
    shares = arrays["shares"]
    return bool(((shares >= 0) & (shares <= 2)).all()) and _games_are_legal(arrays, size)


def _games_are_legal(arrays: dict[str, npt.NDArray[Any]], size: int) -> bool:
    """Return whether every decision follows from a legal game and is a legal move."""
    events, starts, moves = (arrays[name] for name in ("events", "starts", "moves"))
    played = events[moves].astype(np.int64)
    points, colors = played & EVENT_POINT_MASK, (played >> EVENT_COLOR_SHIFT) & 3
    if (points == EVENT_NO_POINT).any() or (played & EVENT_SETUP != 0).any():
        return False
    if (moves < starts).any() or (colors != arrays["colors"]).any():
        return False
    board = new_board(size)
    for start in np.unique(starts):
        game = events[start : moves[starts == start].max() + 1]
        clear(board)
        if replay(board, game, len(game)) >= 0:
            return False
    return True
