"""A network from games to a figure: ``python examples/train_tiny.py FOLDER POSITIONS``.

It is trained on the bundled games, which a program played; give `prepare` your own archives.
"""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import gopolicy as gp
from gopolicy.samples import SAMPLE_GAMES


def main(arguments: Sequence[str]) -> None:
    """Prepare a store, train on it, and measure on games that were set aside."""
    folder = Path(arguments[0]) if arguments else Path("tiny-run")
    positions = int(arguments[1]) if len(arguments) > 1 else 20_000

    store = gp.prepare(SAMPLE_GAMES, folder / "store", gp.PrepareOptions(validation=0.1))
    config = dataclasses.replace(
        gp.RECIPES["quick"],
        settings={**gp.RECIPES["quick"].settings, "filters": 16, "layers": 3},
        planes="alphago12",
        positions=positions,
        warmup=0,
        validation_positions=0,
    )
    result = gp.train(store, folder / "run", config)

    report = gp.evaluate(gp.load(result), store.validation, limit=500)
    print(f"trained on {result.positions:,} positions, weights in {result.weights}")
    print(f"top-1 {report.top1:.1%} of {report.positions:,} moves it has not seen")


if __name__ == "__main__":
    main(sys.argv[1:])
