"""Archives to a table."""

from pathlib import Path

import numpy as np
import pytest
from reference.game_files import game_text, random_folder, random_game, turned, write_games

from gopolicy.data import build
from gopolicy.data.build import build_table, source_label
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.errors import ArchiveError

NINE = PrepareOptions(size=9)


def test_every_game_is_kept_or_explained(tmp_path: Path) -> None:
    texts = [game_text(random_game(i)) for i in range(5)]
    texts += [texts[2], game_text(""), game_text("E5 E5"), "garbage"]
    table, rejections = build_table([write_games(tmp_path / "mixed", texts)], NINE)
    assert table.games == 5
    assert table.games + len(rejections) == len(texts)
    assert {r.reason for r in rejections} == {"duplicate", "no moves", "illegal move", "unreadable"}
    [duplicate] = [r for r in rejections if r.reason == "duplicate"]
    assert duplicate.name == "mixed/0005.sgf"
    assert duplicate.detail == "same moves as mixed/0002.sgf"


def test_any_number_of_processes_gives_the_same_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "CHUNK_MEMBERS", 7)
    folder = random_folder(tmp_path / "games", 60)
    (folder / "0030.sgf").write_text(game_text("E5 E5"))
    (folder / "0058.sgf").write_bytes((folder / "0003.sgf").read_bytes())
    alone, spread = (build_table([folder], NINE, processes=n) for n in (1, 3))
    assert alone[1] == spread[1]
    assert list(alone[0].names) == list(spread[0].names)
    for name, array in alone[0].columns().items():
        assert np.array_equal(array, spread[0].columns()[name], equal_nan=name == "komi")


def test_each_path_is_a_source_and_equal_labels_are_one(tmp_path: Path) -> None:
    paths = [random_folder(tmp_path / name, 3, seed) for seed, name in enumerate(["a", "b", "c/a"])]
    table, _ = build_table(paths, NINE)
    assert table.sources == ["a", "b"]
    assert table.source.tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("x/kgs-2001.tar.gz", "kgs-2001"),
        ("x/Tom.TXZ", "Tom"),
        ("x/pro.v2.zip", "pro.v2"),
        ("x/game.sgf.gz", "x"),
        ("x/folder/", "folder"),
    ],
)
def test_labels_are_base_names_without_archive_endings(path: str, label: str) -> None:
    assert source_label(path) == label


def test_excluded_games_stay_out_turned_or_cut_short_too(tmp_path: Path) -> None:
    held_out = [random_game(seed, 70) for seed in range(3)]
    texts = [
        game_text(held_out[0]),
        game_text(turned(held_out[1], 6)),
        game_text(held_out[2][:61]),
        game_text(random_game(77, 70)),
    ]
    test_set = write_games(tmp_path / "test", [game_text(moves) for moves in held_out])
    options = PrepareOptions(size=9, exclude=(test_set,))
    table, rejections = build_table([write_games(tmp_path / "all", texts)], options)
    assert list(table.names) == ["all/0003.sgf"]
    assert [r.reason for r in rejections] == ["excluded"] * 3
    assert rejections[1].detail == "same opening as test/0001.sgf"


def test_a_missing_path_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    folder = random_folder(tmp_path / "games", 2)
    with pytest.raises(ArchiveError, match=r"gone\.zip"):
        build_table([folder, tmp_path / "gone.zip"], NINE)
    with pytest.raises(ArchiveError, match=r"gone\.zip"):
        build_table([folder], PrepareOptions(size=9, exclude=(tmp_path / "gone.zip",)))


def test_archives_without_a_usable_game_are_refused_with_the_reasons(tmp_path: Path) -> None:
    folder = write_games(tmp_path / "games", ["", "", game_text("D4", size=19)])
    with pytest.raises(
        ArchiveError, match=r"3 skipped \(unreadable 2, other size 1\), such as .+: .+"
    ):
        build_table([folder], NINE)


def test_progress_is_told_about_every_game(tmp_path: Path) -> None:
    class Listener:
        def __init__(self) -> None:
            self.total = 0
            self.open = False

        def start(self, label: str, total: int | None, unit: str) -> None:
            self.open = True

        def advance(self, count: int = 1, **figures: object) -> None:
            self.total += count

        def message(self, text: str) -> None:
            pytest.fail(text)

        def finish(self) -> None:
            self.open = False

    listener = Listener()
    build_table([random_folder(tmp_path / "games", 12)], NINE, listener)
    assert listener.total == 12
    assert not listener.open
