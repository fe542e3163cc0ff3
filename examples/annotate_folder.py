"""Write what a network thinks of each move into games: ``annotate_folder.py GAMES OUT``.

The copies open in any SGF editor: a comment per move, labels on the most probable points.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import gopolicy as gp
from gopolicy.nets.weight_info import default_weights
from gopolicy.policy.annotate import SourceText, annotate


def main(arguments: Sequence[str]) -> None:
    """Annotate every .sgf of a folder into another; name those that cannot be read."""
    games, out = Path(arguments[0]), Path(arguments[1])
    out.mkdir(parents=True, exist_ok=True)
    name = default_weights()
    policy = gp.load(name)

    written, left_out = 0, 0
    for path in sorted(games.glob("*.sgf")):
        source = SourceText(name=str(path), data=path.read_bytes())
        try:
            annotate(out / path.name, policy, source, top=3, network=name)
        except gp.GoPolicyError as error:
            print(f"left out: {error}", file=sys.stderr)
            left_out += 1
        else:
            written += 1
    print(f"{written} games annotated, {left_out} left out")


if __name__ == "__main__":
    main(sys.argv[1:])
