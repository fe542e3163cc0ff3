"""``gopolicy prepare`` from the outside."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from reference.commands import only_complaint
from reference.game_files import game_text, random_folder, random_game, write_games

from gopolicy.__main__ import main
from gopolicy.data.store import open_store


def prepare(*words: object) -> int:
    return main(["prepare", "--size", "9", *map(str, words)])


@pytest.fixture
def games(tmp_path: Path) -> Path:
    folder = random_folder(tmp_path / "games", 20)
    (folder / "0020.sgf").write_text(game_text(""))
    (folder / "0021.sgf").write_bytes((folder / "0004.sgf").read_bytes())
    return folder


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """Run prepare, expect exit 1, and return its one line."""
    assert prepare(*words) == 1
    return only_complaint(capsys)


def test_json_has_the_keys_of_the_contract(
    games: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(games, "--out", tmp_path / "store", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["games"] == 20
    assert report["rejected"] == 1
    assert report["rejected_by_reason"] == {"no moves": 1}
    assert report["duplicates"] == 1
    assert report["seconds"] > 0
    store = open_store(tmp_path / "store")
    assert report["digest"] == store.digest
    assert report["positions"] == store.table.positions


def test_the_same_command_twice_gives_the_same_bytes(
    games: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        assert prepare(games, "--out", tmp_path / name) == 0
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_people_read_the_counts_and_where_the_list_is(
    games: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(games, "--out", tmp_path / "store") == 0
    text = capsys.readouterr().out
    assert "20 games" in text
    assert "1 no moves" in text
    assert str(tmp_path / "store" / "rejected.tsv") in text


def test_handicap_without_stones_is_counted_as_placed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [
        "(;GM[1]SZ[9]HA[4];W[ee];B[dd])",
        "(;GM[1]SZ[9]HA[4];W[ee];B[dd])",  # a duplicate is not counted again
        "(;GM[1]SZ[9]HA[2]AB[cc][gg];W[ee];B[dd])",
        "(;GM[1]SZ[9];B[ee];W[dd])",
    ]
    folder = write_games(tmp_path / "games", texts)
    words = ["--out", tmp_path / "store"]
    assert prepare(folder, *words, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["games"], report["duplicates"], report["handicap_placed"]) == (3, 1, 1)
    assert prepare(folder, *words) == 0
    assert "handicap placed: 1 games" in capsys.readouterr().out


def test_a_professional_rank_written_first_is_no_unknown_rank(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_games(tmp_path / "games", ["(;GM[1]SZ[9]BR[P9]WR[5k];B[ee];W[dd];B[cc])"])
    assert prepare(folder, "--out", tmp_path / "store", "--min-rank", "6d", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["games"], report["positions"]) == (1, 2)


def test_options_reach_the_filters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [
        game_text(random_game(1, 30), BR="6d", WR="1d"),
        game_text(random_game(2, 30), BR="5d", WR="5d"),
        game_text(random_game(3, 30), BR="6d", WR="7d", setup="AB[aa][bb]"),
        game_text(random_game(4, 4), BR="6d", WR="7d"),
    ]
    folder = write_games(tmp_path / "games", texts)
    words = ["--min-rank", "6d", "--handicap", "none", "--min-moves", "10", "--validation", "0"]
    assert prepare(folder, "--out", tmp_path / "store", "--json", *words) == 0
    report = json.loads(capsys.readouterr().out)
    reasons = report["rejected_by_reason"]
    assert report["games"] == 1
    assert set(reasons) <= {"rank", "handicap", "too short", "illegal move"}
    assert sum(reasons.values()) == 3
    assert report["validation"] == {"games": 0, "positions": 0}


def test_excluded_archives_are_kept_out(
    games: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held_out = write_games(tmp_path / "test", [(games / "0007.sgf").read_text()])
    assert prepare(games, "--out", tmp_path / "store", "--json", "--exclude", held_out) == 0
    assert json.loads(capsys.readouterr().out)["rejected_by_reason"]["excluded"] == 1
    assert "games/0007.sgf\texcluded" in (tmp_path / "store" / "rejected.tsv").read_text()


def test_kgs_games_of_2015_are_warned_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_games(tmp_path / "kgs-2015", [game_text("E5 C3", DT="2015-05-01")])
    assert prepare(folder, "--out", tmp_path / "store") == 0
    assert "1 games look like KGS games of 2015" in capsys.readouterr().err


def test_a_missing_path_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere" in refused(capsys, tmp_path / "nowhere", "--out", tmp_path / "store")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty" in refused(capsys, tmp_path / "empty", "--out", tmp_path / "store")


def test_an_output_that_is_no_store_is_refused_before_reading(
    games: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no store" in refused(capsys, games, "--out", games)
    assert len(list(games.iterdir())) == 22


def test_a_zip_of_many_empty_files_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for i in range(10_000):
            archive.writestr(f"{i}.sgf", "")
    line = refused(capsys, tmp_path / "many.zip", "--out", tmp_path / "store", "--processes", 1)
    assert "10,000 skipped (unreadable 10,000)" in line
    assert not (tmp_path / "store").exists()


def test_a_large_file_of_garbage_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "garbage.sgf").open("wb") as file:
        file.truncate(200_000_000)
    line = refused(capsys, tmp_path / "garbage.sgf", "--out", tmp_path / "store")
    assert "too large 1" in line


@pytest.fixture
def truncated(games: Path, tmp_path: Path) -> Path:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(games, "games")
    path = tmp_path / "cut.tar.gz"
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) * 2 // 3])
    return path


def test_a_truncated_archive_is_refused_and_nothing_is_written(
    truncated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(capsys, truncated, "--out", tmp_path / "store")
    assert "cut.tar.gz: truncated archive" in line
    assert not (tmp_path / "store").exists()


def test_an_archive_with_a_wrong_checksum_is_refused_or_listed(
    games: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "damaged.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(games, "games")
    data = bytearray(path.read_bytes())
    data[-8] ^= 1
    path.write_bytes(data)
    words = ["--out", tmp_path / "store"]
    assert "damaged.tar.gz: broken archive (CRC check failed" in refused(capsys, path, *words)
    assert prepare(path, *words, "--skip-broken", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["rejected_by_reason"] == {"broken archive": 1, "no moves": 1}
    assert report["games"] == 20


def test_an_archive_that_cannot_be_read_is_refused(
    games: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (games / "latest.tar.gz").symlink_to("absent.tar.gz")
    words = ["--out", tmp_path / "store"]
    line = refused(capsys, games, *words)
    assert "games/latest.tar.gz: unreadable (No such file or directory); --skip-broken" in line
    assert prepare(games, *words, "--skip-broken") == 0
    (games / "latest.tar.gz").rename(games / "latest.sgf")  # a game only: listed, and no more
    assert prepare(games, *words) == 0


def test_a_truncated_archive_of_games_to_exclude_is_refused(
    games: Path, truncated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--out", tmp_path / "store", "--exclude", truncated, "--skip-broken"]
    assert "have to be complete" in refused(capsys, games, *words)


def test_a_truncated_game_is_skipped_and_the_others_are_kept(
    games: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = gzip.compress((games / "0000.sgf").read_bytes())
    (games / "cut.sgf.gz").write_bytes(data[:-20])
    assert prepare(games, "--out", tmp_path / "store", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["games"] == 20
    assert report["rejected_by_reason"] == {"no moves": 1, "truncated archive": 1}


def test_games_before_the_cut_are_kept_if_asked_for(
    truncated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--out", tmp_path / "store", "--skip-broken", "--json"]
    assert prepare(truncated, *words) == 0
    report = json.loads(capsys.readouterr().out)
    assert 0 < report["games"] < 20
    assert report["rejected_by_reason"]["truncated archive"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--min-rank", "strong"],
        ["--size", "0"],
        ["--handicap", "some"],
        ["--validation", "2"],
        ["--min-moves", "-1"],
        [],
    ],
)
def test_wrong_usage_exits_with_two(
    games: Path, words: list[str] | list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", "store"] if words else []
    assert prepare(games, *out, *words) == 2
    capsys.readouterr()


def test_an_impossible_size_is_one_line(
    games: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(capsys, games, "--out", tmp_path / "store", "--size", "26")
