"""A position as a picture: ``python examples/heat_map.py heat.svg game.sgf 40``.

The ending of the picture's name chooses the format: SVG, PNG, PDF and more.
"""

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import gopolicy as gp
from gopolicy.samples import SAMPLE_GAME


def main(arguments: Sequence[str]) -> None:
    """Draw where the network expects the next move, and mark the move that was played."""
    picture = Path(arguments[0]) if arguments else Path("heat.svg")
    path = Path(arguments[1]) if len(arguments) > 1 else SAMPLE_GAME
    number = int(arguments[2]) if len(arguments) > 2 else 40

    position = next(islice(gp.read_game(path).positions(), number - 1, None))
    gp.draw_board(gp.load()(position), picture)
    print(picture)


if __name__ == "__main__":
    main(sys.argv[1:])
