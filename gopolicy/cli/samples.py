"""Where the games that come with the package are."""

from pathlib import Path

SAMPLES = Path(__file__).parent.parent / "samples"
SAMPLE_GAMES = SAMPLES / "games.zip"
"""Many games of GNU Go against itself."""
SAMPLE_GAME = SAMPLES / "game.sgf"
"""One of them."""
