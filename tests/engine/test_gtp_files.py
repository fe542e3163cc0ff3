"""``loadsgf`` and ``printsgf`` with real files, good and bad."""

from pathlib import Path

import pytest
from reference.fake_mind import Desk

from gopolicy.cli.game_files import SgfFiles

GAME = "(;SZ[5]KM[0.5]AB[aa][bb];W[cc];B[dd];W[];B[ee])"
BAD = {
    "empty": b"",
    "a web page": b"<html><body>404</body></html>",
    "a size of nothing": b"(;SZ[0];B[ee])",
    "a rectangle": b"(;SZ[13:9];B[ee])",
    "an occupied point": b"(;SZ[9];B[ee];W[ee])",
    "a point off the board": b"(;SZ[9];B[ss])",
    "a point of GTP": b"(;SZ[19];B[Q16])",
    "zeros": bytes(5000),
    "noise": bytes(range(256)) * 20,
    "one value without an end": b"(;C[" + b"x" * 100_000,
}


def desk(folder: Path, **files: bytes) -> Desk:
    for name, data in files.items():
        (folder / f"{name}.sgf").write_bytes(data)
    return Desk(files=SgfFiles())


def test_a_game_is_loaded_with_its_size_komi_and_handicap(tmp_path: Path) -> None:
    engine = desk(tmp_path, game=GAME.encode())
    assert engine.ask(f"loadsgf {tmp_path}/game.sgf 3") == "="
    assert engine.ask("get_komi") == "= 0.5"
    assert engine.ask("gogui-rules_board") == (
        "=\nX . . . .\n. X . . .\n. . O . .\n. . . X .\n. . . . ."
    )
    assert engine.ask("gogui-rules_side_to_move") == "= white"
    assert engine.ask(f"loadsgf {tmp_path}/game.sgf") == "="
    assert engine.session.board.ply == 4
    assert engine.ask(f"loadsgf {tmp_path}/game.sgf 99") == "="
    assert engine.session.board.ply == 4


def test_a_game_that_was_printed_can_be_loaded(tmp_path: Path) -> None:
    engine = desk(tmp_path, game=GAME.encode())
    engine.send(f"loadsgf {tmp_path}/game.sgf", "play w A1")
    before = engine.ask("showboard")
    assert engine.ask(f"printsgf {tmp_path}/a copy.sgf") == "="
    assert engine.ask("printsgf").startswith("= (;")
    engine.send("clear_board", "komi 3", f"loadsgf {tmp_path}/a copy.sgf")
    assert engine.ask("showboard") == before
    assert engine.ask(f"printsgf {tmp_path}/no/such/folder.sgf") == "? cannot save file"


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_refused_with_a_reason_and_changes_nothing(what: str, tmp_path: Path) -> None:
    engine = desk(tmp_path, good=GAME.encode(), bad=BAD[what])
    engine.send(f"loadsgf {tmp_path}/good.sgf")
    before = engine.ask("showboard")
    assert engine.ask(f"loadsgf {tmp_path}/bad.sgf") == "? cannot load file"
    assert engine.said[-1].startswith("loadsgf: ")
    assert "\n" not in engine.said[-1]
    assert engine.ask("showboard") == before


def test_what_can_be_read_of_a_damaged_file_is_loaded(tmp_path: Path) -> None:
    engine = desk(tmp_path, cut=b"(;SZ[9];B[ee];W[e", size=b"(;SZ[x];B[pd])")
    assert engine.ask(f"loadsgf {tmp_path}/cut.sgf") == "="
    assert (engine.session.size, engine.session.board.ply) == (9, 1)
    assert engine.ask(f"loadsgf {tmp_path}/size.sgf") == "="
    assert (engine.session.size, engine.session.board.ply) == (19, 1)


def test_thousands_of_variations_inside_each_other_do_no_harm(tmp_path: Path) -> None:
    deep = b"(;SZ[9];B[ee]" + b"(;W[dd]" * 3000 + b")" * 3001
    engine = desk(tmp_path, deep=deep)
    assert engine.ask(f"loadsgf {tmp_path}/deep.sgf") in ("=", "? cannot load file")
    assert engine.ask("name") == "= gopolicy"
