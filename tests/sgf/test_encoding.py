"""Names survive every encoding that game records are written in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopolicy.sgf import GameRecord, parse_games, read_game
from gopolicy.sgf.encoding import choose_encoding, declared_encoding, decode

CHINESE = ("聂卫平", "马晓春", "柯洁", "时越", "芈昱廷", "第二届应氏杯决赛")
TAIWANESE = ("林海峰", "張栩", "本因坊秀策", "第五屆應氏盃決賽")
JAPANESE = ("武宮正樹", "小林光一", "第10期棋聖戦七番勝負", "趙治勲", "ソウル表示", "依田紀基")
KOREAN = ("이창호", "조훈현", "박정환 9단", "제3회 삼성화재배 결승")
RUSSIAN = ("Шикшин", "Динерштейн", "Первенство России")

CASES = [
    *((name, code) for name in CHINESE for code in ("gb18030", "gbk", "gb2312", "utf-8")),
    *((name, code) for name in TAIWANESE for code in ("big5", "cp950", "utf-8")),
    *((name, code) for name in JAPANESE for code in ("shift_jis", "cp932", "euc_jp", "utf-8")),
    *((name, code) for name in KOREAN for code in ("euc_kr", "cp949", "utf-8")),
    *((name, code) for name in RUSSIAN for code in ("cp1251", "koi8-r", "utf-8")),
    *((name, code) for name in ("Müller", "José", "Łukasz"[1:]) for code in ("latin-1", "utf-8")),
]


def sgf(name: str, encoding: str, declared: str = "") -> bytes:
    """Return a game whose players are called name."""
    ca = f"CA[{declared}]" if declared else ""
    text = f"(;GM[1]FF[4]{ca}SZ[19]PB[{name}]PW[{name}]BR[9d];B[pd];W[dp]C[{name}];B[pp])"
    return text.encode(encoding)


@pytest.mark.parametrize(("name", "encoding"), CASES)
def test_declared_encodings_are_believed(name: str, encoding: str) -> None:
    game = read_game(sgf(name, encoding, encoding))
    assert (game.black, game.white, game.moves) == (name, name, 3)


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        (CHINESE, "gb18030"),
        (TAIWANESE, "big5"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (KOREAN, "cp949"),
        (RUSSIAN, "cp1251"),
        (("Grünwald gegen Müller",), "cp1252"),
    ],
)
def test_undeclared_encodings_are_guessed_from_a_game_in_them(
    words: tuple[str, ...], encoding: str
) -> None:
    name = " ".join(words)
    data = sgf(name, encoding)
    assert choose_encoding(data) == encoding
    assert read_game(data).black == name


@pytest.mark.parametrize("declared", ["ISO-8859-1", "latin-1", "windows-1252", "US-ASCII"])
def test_utf8_declared_as_western_is_read_as_utf8(declared: str) -> None:
    assert read_game(sgf("柯洁", "utf-8", declared)).black == "柯洁"


def test_western_text_declared_as_utf8_is_read_as_western() -> None:
    assert read_game(sgf("Müller", "latin-1", "UTF-8")).black == "Müller"


def test_utf8_with_lost_bytes_keeps_what_is_left() -> None:
    broken = sgf("第二届应氏杯决赛 柯洁", "utf-8").replace("氏".encode(), b"\xe6\xb0?")
    game = read_game(broken)
    assert game.black.startswith("第二届应")
    assert game.black.endswith("杯决赛 柯洁")
    assert game.moves == 3


def test_mail_encoding_of_japan_is_read() -> None:
    assert read_game(sgf("武宮正樹", "iso2022_jp")).black == "武宮正樹"


@pytest.mark.parametrize("escape_bytes", [False, True])
@pytest.mark.parametrize("declared", ["", "Shift_JIS"])
def test_brackets_within_characters_do_not_end_values(escape_bytes: bool, declared: str) -> None:
    name = "ソウル表示能力"  # in Shift-JIS several of these end in a backslash
    data = sgf(name, "shift_jis", declared)
    if escape_bytes:
        raw = name.encode("shift_jis")
        data = data.replace(raw, raw.replace(b"\\", b"\\\\"))
    game = read_game(data)
    assert game.moves == 3
    assert game.black == name


def test_closing_brackets_within_big5_characters_are_read_both_ways() -> None:
    name = next(
        char + "本因坊林海峰"
        for char in map(chr, range(0x4E00, 0x9FFF))
        if char.encode("big5", "ignore")[1:] == b"]"
    )
    raw = name.encode("big5")
    for data in (sgf(name, "big5"), sgf(name, "big5").replace(raw, raw.replace(b"]", b"\\]"))):
        game = read_game(data)
        assert (game.moves, game.black) == (3, name)


@pytest.mark.parametrize(
    ("written", "codec"),
    [
        (b"CA[UTF-8]", "utf-8"),
        (b"CA[gb2312]", "gb18030"),
        (b"CA [ GBK ]", "gb18030"),
        (b"ChArset[x]", None),
        (b"CodedAs[EUC-KR]", "cp949"),
        (b"CA[SJIS]", "cp932"),
        (b"CA[wibble]", None),
        (b"CA[]", None),
        (b"CA[rot13]", None),
        (b"CA[unicode_escape]", None),
        (b"CA[utf-16]", None),
        (b"GM[1]", None),
    ],
)
def test_declarations_are_understood_or_ignored(written: bytes, codec: str | None) -> None:
    assert declared_encoding(b"(;" + written + b"SZ[19])") == codec


@given(st.binary(max_size=300))
def test_decoding_never_fails_and_always_gives_utf8(data: bytes) -> None:
    decode(data).text.decode("utf-8")


@given(st.binary(max_size=200), st.sampled_from(["", "UTF-8", "Shift_JIS", "GBK", "Big5", "x"]))
def test_reading_never_fails_whatever_the_bytes(data: bytes, declared: str) -> None:
    head = b"(;CA[" + declared.encode() + b"]SZ[9]PB["
    for game in parse_games(head + data + b"];B[ee])"):
        assert game.name == "" or game.name.startswith("#")


@given(st.binary(min_size=1, max_size=30).filter(lambda raw: not set(raw) & set(b"[]\\();\x1b\0")))
def test_bytes_in_a_name_never_cost_moves(raw: bytes) -> None:
    game = next(parse_games(b"(;SZ[9]PB[" + raw + b" ]PW[x];B[ee];W[aa])"))
    assert isinstance(game, GameRecord)
    assert game.moves == 2


def test_a_declaration_that_a_name_quotes_declares_nothing() -> None:
    text = "(;FF[4]BR[9d CA[gb18030]CA[UTF-8]RE[黑中盘胜]SZ[9];B[ee])"
    assert read_game(text.encode()).result == "黑中盘胜"


def test_a_declaration_behind_a_byte_that_looks_like_a_bracket_is_found() -> None:
    text = "(;FF[4]PB[ソ]CA[Shift_JIS]PW[ソ]SZ[9];B[ee])"
    assert read_game(text.encode("cp932")).white == "ソ"


@pytest.mark.parametrize(
    ("encoding", "black", "white"),
    [
        ("gbk", "柯洁", "时越"),
        ("gbk", "时越", "金誠"),
        ("cp932", "謝依旻", "表"),
        ("utf-8", "柯洁", "时越"),
    ],
)
def test_two_names_are_enough_to_tell(encoding: str, black: str, white: str) -> None:
    game = f"(;GM[1]SZ[19]PB[{black}]PW[{white}];B[pd];W[dp];B[dd])".encode(encoding)
    record = read_game(game)
    assert (record.black, record.white, record.moves) == (black, white, 3)
