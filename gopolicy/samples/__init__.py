"""The games that come with the package, for trying things out.

>>> import gopolicy as gp
>>> gp.read_game(gp.samples.SAMPLE_GAME).moves
228
"""

from pathlib import Path

SAMPLE_GAMES = Path(__file__).parent / "games.zip"
"""104 games of GNU Go against itself, an archive."""
SAMPLE_GAME = Path(__file__).parent / "game.sgf"
"""One of them."""
