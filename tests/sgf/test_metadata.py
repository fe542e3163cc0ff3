"""Numbers in the metadata, well written and not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopolicy.sgf.metadata import read_handicap, read_komi, read_size, simple_text


@pytest.mark.parametrize(
    ("text", "komi"),
    [
        ("6.5", 6.5),
        ("6.50", 6.5),
        ("0", 0.0),
        ("-5.5", -5.5),
        ("+7", 7.0),
        (".5", 0.5),
        ("6,5", 6.5),
        ("6.5 points", 6.5),
        ("6.5目", 6.5),
        ("６．５", 6.5),
        ("375", 7.5),
        ("325", 6.5),
        ("275", 5.5),
        ("3.75", 7.5),
        ("2.75", 5.5),
        ("650", 6.5),
        ("750", 7.5),
        ("550", 5.5),
        ("50", 50.0),
        ("3.75子", 7.5),
        ("", None),
        ("x", None),
        ("NaN", None),
        ("inf", None),
        ("99999999", None),
        ("9" * 200, None),
    ],
)
def test_komi_is_read_in_points(text: str, komi: float | None) -> None:
    assert read_komi(text) == komi


@pytest.mark.parametrize(
    ("text", "stones"),
    [("0", 0), ("1", 0), ("2", 2), ("9", 9), (" 4 ", 4), ("4 stones", 4), ("four", 4), ("Nine", 9),
     ("４", 4), ("四", 4), ("", 0), ("x", 0), ("-2", 0), ("1234567", 0)],
)  # fmt: skip
def test_handicap_is_read_as_stones(text: str, stones: int) -> None:
    assert read_handicap(text) == stones


@pytest.mark.parametrize(
    ("text", "size"),
    [("19", (19, 19)), (" 9 ", (9, 9)), ("19:19", (19, 19)), ("13:9", (13, 9)), ("19x19", (19, 19)),
     ("", (19, 19)), ("large", (19, 19)), ("0", (0, 0)), ("999", (999, 999)), ("1" * 90, (19, 19))],
)  # fmt: skip
def test_sizes_are_read(text: str, size: tuple[int, int]) -> None:
    assert read_size(text) == size


@given(st.text(max_size=40))
def test_no_text_is_too_strange(text: str) -> None:
    read_komi(text), read_handicap(text), read_size(text)


@given(st.binary(max_size=400))
def test_texts_are_one_printable_line(raw: bytes) -> None:
    text = simple_text(raw)
    assert text.isprintable()
    assert text == text.strip()
    assert len(text) <= 200
