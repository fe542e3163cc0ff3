"""The sample games are complete, legal, all different, and reproducible."""

import shutil
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from reference.tool_loader import load_tool
from sgfmill import sgf, sgf_moves

from gopolicy.go.board import Board
from gopolicy.go.types import Color

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "gopolicy" / "samples"
COLORS = {"b": Color.BLACK, "w": Color.WHITE}


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """Load the script that made the samples."""
    return load_tool("make_sample_games")


@pytest.fixture(scope="module")
def games() -> dict[str, bytes]:
    """Return every sample game by its name."""
    with zipfile.ZipFile(SAMPLES / "games.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return {**members, "game.sgf": (SAMPLES / "game.sgf").read_bytes()}


def test_there_are_a_hundred_games_or_more_all_different(games: dict[str, bytes]) -> None:
    assert len(games) > 100
    assert len({data[data.index(b";B[") :] for data in games.values()}) == len(games)


def test_every_game_is_legal_and_ends_by_two_passes_or_a_resignation(
    games: dict[str, bytes],
) -> None:
    for name, data in games.items():
        _, moves = sgf_moves.get_setup_and_moves(sgf.Sgf_game.from_bytes(data))
        board = Board(19)
        for color, place in moves:
            vertex = (
                "pass" if place is None else "ABCDEFGHJKLMNOPQRST"[place[1]] + str(place[0] + 1)
            )
            assert board.refusal(vertex, COLORS[color]) is None, (name, board.ply, vertex)
            board.play(vertex, COLORS[color])
        passes = [place for _, place in moves[-2:]] == [None, None]
        assert passes != (b"+R]" in data), name


def test_the_archive_is_written_the_same_every_time(
    tool: ModuleType, games: dict[str, bytes], tmp_path: Path
) -> None:
    for name in ("one.zip", "two.zip"):
        tool.write_zip(tmp_path / name, dict(sorted(games.items(), reverse=name == "two.zip")))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert tool.read_zip(tmp_path / "one.zip") == games


@pytest.mark.slow
def test_gnu_go_plays_the_sample_game_again(tool: ModuleType) -> None:
    command = shutil.which("gnugo") or shutil.which("gnugo", path="/usr/games")
    if command is None:
        pytest.skip("GNU Go is not installed")
    game = tool.play_game(command, 1, 0)
    assert tool.sgf_text(game, 0) == (SAMPLES / "game.sgf").read_text("utf-8")
