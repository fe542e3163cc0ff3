"""The most probable next moves of a game: ``python examples/best_moves.py game.sgf 40``."""

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import gopolicy as gp
from gopolicy.go.vertex import vertex_name
from gopolicy.samples import SAMPLE_GAME


def main(arguments: Sequence[str]) -> None:
    """Print five moves with their probabilities, and what was played."""
    path = Path(arguments[0]) if arguments else SAMPLE_GAME
    number = int(arguments[1]) if len(arguments) > 1 else 40

    position = next(islice(gp.read_game(path).positions(), number - 1, None))
    view = gp.load()(position)

    print(position.board)
    print(f"Move {number}, {position.to_play.name.lower()} to play:")
    for vertex, probability in view.best(5):
        print(f"  {vertex:>4} {probability:6.1%}")
    if position.played is not None:
        name = vertex_name(position.played, view.size)
        print(f"{name} was played: {view.choice_words(position.played)}.")


if __name__ == "__main__":
    main(sys.argv[1:])
