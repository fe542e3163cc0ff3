"""Numbers in the metadata, well written and not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopolicy.sgf import read_game
from gopolicy.sgf.metadata import read_handicap, read_komi, read_size, read_winner, simple_text


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
        ("6½", 6.5),
        ("3¾", 7.5),
        ("-5½", -5.5),
        ("½", 0.5),
        ("6目半", 6.5),
        ("六目半", 6.5),
        ("半目", 0.5),
        ("コミ５目半", 5.5),
        ("5目半コミ出し", 5.5),
        ("6집반", 6.5),
        ("3又3/4子", 7.5),
        ("3又¾子", 7.5),
        ("黑贴三又四分之三子", 7.5),
        ("2 1/4", 4.5),
        ("6 1/2", 6.5),
        ("6-1/2 points", 6.5),
        ("−5.5", -5.5),
        ("６，５", 6.5),
        ("-100.00", -100.0),
        ("7.5子", None),
        ("6⅓", None),
        ("61/2", None),
        ("6 7/2", None),
        ("6 1/0", None),
        ("6-7", None),
        ("6.5.5", None),
        ("1,000", None),
        ("1e3", None),
        ("30.25", None),
        ("6.5 or 7.5", None),
    ],
)
def test_komi_is_read_in_points(text: str, komi: float | None) -> None:
    assert read_komi(text) == komi


@pytest.mark.parametrize(
    ("text", "stones"),
    [("0", 0), ("1", 0), ("2", 2), ("9", 9), (" 4 ", 4), ("4 stones", 4), ("four", 4), ("Nine", 9),
     ("４", 4), ("四", 4), ("", 0), ("x", 0), ("-2", 0), ("1234567", 0), ("Two stones", 2),
     ("三子", 3), ("让4子", 4), ("두 점", 2), ("4.0", 4), ("H5", 5),
     ("2.5", 0), ("2-3", 0), ("2½", 0)],
)  # fmt: skip
def test_handicap_is_read_as_stones(text: str, stones: int) -> None:
    assert read_handicap(text) == stones


@pytest.mark.parametrize(
    ("text", "size"),
    [("19", (19, 19)), (" 9 ", (9, 9)), ("19:19", (19, 19)), ("13:9", (13, 9)), ("19x19", (19, 19)),
     ("", (19, 19)), ("large", (19, 19)), ("0", (0, 0)), ("999", (999, 999)),
     ("19路", (19, 19)), ("十三 路", (13, 13)), ("９", (9, 9)), ("13.0", (13, 13)),
     ("13×13", (13, 13)),
     ("1" * 90, None), ("19:19:19", None), ("9-13", None), ("about 13", None)],
)  # fmt: skip
def test_sizes_are_read(text: str, size: tuple[int, int] | None) -> None:
    assert read_size(text) == size


@given(st.text(max_size=40))
def test_no_text_is_too_strange(text: str) -> None:
    read_komi(text), read_handicap(text), read_size(text), read_winner(text)


@given(st.binary(max_size=400))
def test_texts_are_one_printable_line(raw: bytes) -> None:
    text = simple_text(raw)
    assert text.isprintable()
    assert text == text.strip()
    assert len(text) <= 200


@pytest.mark.parametrize(
    ("text", "komi"), [("50", 0.5), ("0", 0.0), ("375", 7.5), ("650", 6.5), ("0.5", 0.5)]
)
def test_fox_writes_hundredths(text: str, komi: float) -> None:
    assert read_komi(text, "foxwq") == komi
    game = f"(;SZ[19]AP[foxwq]KM[{text}];B[pd])".encode()
    assert read_game(game).komi == komi
