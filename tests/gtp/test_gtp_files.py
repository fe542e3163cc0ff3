"""``loadsgf`` and ``printsgf`` with real files, good and bad."""

from pathlib import Path

import pytest
from reference.fake_bot import Desk

from gopolicy.cli.gtp_files import SgfFiles
from gopolicy.go.rules import AGA, CHINESE

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


@pytest.mark.parametrize(
    ("root", "move", "color"),
    [("HA[2]AB[gc][cg]", "", "white"), ("HA[2]AB[gc][cg];W[ee];B[dd]", " 1", "white"),
     ("HA[2];W[ee];B[dd]", " 1", "white"), ("AB[gc][cg]", "", "black"), (";B[ee]", " 1", "black")],
)  # fmt: skip
def test_white_is_to_move_behind_handicap_stones(
    root: str, move: str, color: str, tmp_path: Path
) -> None:
    engine = desk(tmp_path, game=f"(;SZ[9]{root})".encode())
    assert engine.ask(f"loadsgf {tmp_path}/game.sgf{move}") == "="
    assert engine.ask("gogui-rules_side_to_move") == f"= {color}"
    assert engine.session.board.ply == 0


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


def test_a_game_is_counted_by_its_own_rules(tmp_path: Path) -> None:
    # A wall of five stones each: ten points of territory for Black, five for White.
    game = b"(;SZ[5]KM[%s]RU[%s];B[ca];W[da];B[cb];W[db];B[cc];W[dc];B[cd];W[dd];B[ce];W[de])"
    engine = desk(tmp_path, japanese=game % (b"6.5", b"Japanese"), area=game % (b"7", b"cn"))
    assert engine.ask(f"loadsgf {tmp_path}/japanese.sgf") == "="
    assert engine.ask("final_score") == "= W+1.5"  # 10 points against 5 and 6.5
    assert '"scoring":"TERRITORY"' in engine.ask("kata-get-rules")
    assert engine.said == ["loadsgf: Japanese rules from now on, as the file says"]
    engine.send("play b A1")
    assert engine.ask("final_score") == "= W+2.5"
    assert engine.ask("undo") == "="
    assert engine.ask("final_score") == "= W+1.5"
    engine.send("clear_board")
    assert '"scoring":"TERRITORY"' in engine.ask("kata-get-rules")
    assert engine.ask("get_komi") == "= 6.5"
    engine.send(f"loadsgf {tmp_path}/area.sgf", "play b A1")
    assert engine.ask("final_score") == "= W+2"  # 15 against 10 and 7
    assert engine.said[1:] == ["loadsgf: Chinese rules from now on, as the file says"]


@pytest.mark.parametrize(
    ("root", "remarks"),
    [
        (b"KM[6.5]RU[AGA]", []),
        (b"KM[6.5]", ["no rules in the file; AGA rules stay"]),
        (b"", ["no komi in the file; 5.5 stays", "no rules in the file; AGA rules stay"]),
        (b"KM[6.5]RU[stone scoring]",
         ["RU[stone scoring]: tax ALL is not supported; AGA rules stay"]),
        (b"KM[6.5]RU[house rules]",
         ["RU[house rules]: expected rules from Chinese, Japanese, Korean, AGA, NZ, "
          "Tromp-Taylor, Ing, Chinese-OGS; AGA rules stay"]),
    ],
)  # fmt: skip
def test_what_a_file_does_not_say_stays_and_is_told(
    root: bytes, remarks: list[str], tmp_path: Path
) -> None:
    engine = desk(tmp_path, game=b"(;SZ[9]" + root + b";B[ee])")
    engine.send("kata-set-rules aga", "komi 5.5")
    assert engine.ask(f"loadsgf {tmp_path}/game.sgf") == "="
    assert engine.said == [f"loadsgf: {remark}" for remark in remarks]
    assert engine.session.rules == AGA


def test_a_file_that_is_refused_leaves_the_rules_and_komi(tmp_path: Path) -> None:
    engine = desk(tmp_path, bad=b"(;SZ[9]RU[Japanese]KM[0.5];B[ee];W[ee])")
    assert engine.ask(f"loadsgf {tmp_path}/bad.sgf") == "? cannot load file"
    assert (engine.session.rules, engine.session.komi) == (CHINESE, 7.5)
    assert len(engine.said) == 1


@pytest.mark.parametrize(
    ("game", "stones"),
    [("AB[aa][bb];W[cc]", 2), ("HA[3];W[ee]", 3), ("HA[3];B[cc];B[gg];B[gc];W[ee];B[aa]", 3),
     ("HA[2]AB[gc][cg]", 2), ("AB[aa][bb]AW[cc];B[dd]", 0), (";B[aa];W[bb]", 0)],
)  # fmt: skip
def test_handicap_stones_of_a_file_are_counted(game: str, stones: int, tmp_path: Path) -> None:
    engine = desk(tmp_path, game=f"(;SZ[9]KM[0.5]RU[Chinese]{game})".encode())
    assert engine.ask(f"loadsgf {tmp_path}/game.sgf") == "="
    assert engine.session.board.komi == 0.5 + stones
    assert engine.ask("get_komi") == "= 0.5"


@pytest.mark.parametrize(
    "rules", ["japanese", "aga", "koSITUATIONALscoreTERRITORYtaxNONEsui1whbN-1"]
)
def test_a_game_that_was_printed_keeps_its_rules(rules: str, tmp_path: Path) -> None:
    engine = desk(tmp_path)
    engine.send(f"kata-set-rules {rules}", "fixed_handicap 4", "play w K10")
    before = engine.ask("kata-get-rules"), engine.ask("showboard")
    assert engine.ask(f"printsgf {tmp_path}/game.sgf") == "="
    engine.send("kata-set-rules tromp-taylor", "komi 3", f"loadsgf {tmp_path}/game.sgf")
    assert (engine.ask("kata-get-rules"), engine.ask("showboard")) == before
