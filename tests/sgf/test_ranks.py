"""Ranks in all the ways they are written."""

import pytest

from gopolicy.sgf.ranks import parse_rank, rank_name


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("6d", 6),
        ("9d", 9),
        ("1d", 1),
        ("9d?", 9),
        ("6d*", 6),
        ("6 dan", 6),
        ("6-dan", 6),
        ("6 Dan", 6),
        ("6D", 6),
        ("9段", 9),
        ("九段", 9),
        ("初段", 1),
        ("9단", 9),
        ("业余6段", 6),
        ("amateur 6 dan", 6),
        ("６段", 6),
        ("P9段", 19),
        ("P9", 19),
        ("p1", 11),
        ("pro 9", 19),
        ("9 pro", 19),
        ("9 professional", 19),
        ("P9D", 19),
        ("P-9 dan", 19),
        ("P0", None),
        ("P10", None),
        ("十二级", -11),
        ("职业九段", 19),
        ("專業9段", 19),
        ("프로 9단", 19),
        ("9p", 19),
        ("1p", 11),
        ("9 dan pro", 19),
        ("9d pro", 19),
        ("pro 9d", 19),
        ("3k", -2),
        ("1k", 0),
        ("30k", -29),
        ("18级", -17),
        ("5 kyu", -4),
        ("5k?", -4),
        ("10급", -9),
        ("[6d]", 6),
        ("", None),
        ("?", None),
        ("-", None),
        ("strong", None),
        ("0d", None),
        ("10d", None),
        ("31k", None),
        ("0k", None),
        ("p3k", None),
        ("1850", None),
        ("6", None),
        ("d", None),
        ("6d7d", None),
        ("9dan9dan9dan" * 100, None),
    ],
)
def test_ranks_are_read(text: str, rank: int | None) -> None:
    assert parse_rank(text) == rank


def test_every_rank_has_a_name_that_reads_back() -> None:
    ranks = [*range(-29, 10), *range(11, 20)]
    assert [parse_rank(rank_name(rank)) for rank in ranks] == ranks
    assert [rank_name(rank) for rank in (-29, 0, 1, 9, 11, 19)] == [
        "30k", "1k", "1d", "9d", "1p", "9p",
    ]  # fmt: skip
