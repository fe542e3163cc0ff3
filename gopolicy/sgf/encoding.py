"""From the bytes of an SGF file to UTF-8 bytes that can be tokenised.

The text must be decoded *before* it is tokenised: in Shift-JIS, Big5 and GBK the second byte of a
character can look like a backslash or a closing bracket.  What the file declares (CA) is believed
unless the bytes contradict it; without a declaration the most plausible encoding is chosen.
Nothing here raises: in the worst case a name is wrong, never a move.
"""

import codecs
import re
from collections.abc import Callable
from typing import NamedTuple

_DECLARED = re.compile(rb"(?<![A-Z])C[a-z]*A[a-z]*\s*\[\s*([^\]\s]{1,40})\s*\]")
_VALUE = rb"\[[^\\\]]*+(?:\\.[^\\\]]*+)*+\]"
_DECLARED_OUTSIDE = re.compile(_VALUE + rb"|" + _DECLARED.pattern, re.DOTALL)
"""Values are passed over, for a name or a comment may quote a declaration."""
_DECLARED_WITHIN = 4096
_SAMPLE = 4000
_PLAIN = 0.4
"""Plausibility of text; what is UTF-8 in truth has less in other encodings."""
_UNMARKED = (b"(\0;\0", b"\0(\0;")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (_UNMARKED[0], "utf-16-le"),
    (_UNMARKED[1], "utf-16-be"),
)
_JIS_SHIFT = b"\x1b$"
_UTF8_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_UTF8_LONG = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "shift_jis_2004": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
}
# Python also has codecs that are no encodings of text; names that begin so are.
_TEXT_CODECS = ("ascii", "big5", "cp", "euc", "gb", "iso8859", "johab", "koi8", "shift", "utf-8")
_CANDIDATES = ("gb18030", "cp932", "cp949", "big5", "euc_jp", "cp1251", "cp1252")
# Characters that game records are full of, by the encodings in which they are written.
_TYPICAL = {
    "gb18030": set("的一中国赛棋段胜黑白目杯战李王张刘陈年月日第网级局半业围职野狐决选轮届负"),
    "big5": set("的一中國賽棋段勝黑白目杯戰李王張劉陳年月日第網級局半業圍職決選輪屆負本因坊"),
    "cp932": set("段級黒白勝目戦第期本因坊名人碁聖回局日年月院中半王棋七番天元"),
    "euc_jp": set("段級黒白勝目戦第期本因坊名人碁聖回局日年月院中半王棋七番天元"),
    "cp949": set("의이가은는을를로에전단승국제기회대배한김박최조정강집반불계급흑백선결바둑"),
}


class Decoded(NamedTuple):
    """A text ready for the tokeniser."""

    text: bytes
    """UTF-8, or the bytes as they came when they are plain ASCII or UTF-8 already."""
    encoding: str
    """The encoding that the bytes were taken to be in."""


def decode(data: bytes) -> Decoded:
    """Return data as UTF-8 bytes and the encoding it was in."""
    for mark, encoding in _MARKS:
        start = data.find(mark, 0, _DECLARED_WITHIN) if mark in _UNMARKED else 0
        if start >= 0 and data.startswith(mark, start):
            skipped = 0 if mark in _UNMARKED else len(mark)
            return _recode(data[start + skipped :], encoding)
    if _JIS_SHIFT in data and _is_valid(data, "iso2022_jp_2"):
        return _recode(data, "iso2022_jp_2")
    if data.isascii():
        return Decoded(data, "ascii")
    return _recode(data, choose_encoding(data))


def choose_encoding(data: bytes) -> str:
    """Return the encoding that data, which is not all ASCII, is most probably in."""
    declared = declared_encoding(data)
    valid_utf8 = _is_valid(data, "utf-8")
    if valid_utf8 and declared in (None, "utf-8", "cp1252"):
        return "utf-8"
    if declared not in (None, "utf-8", "cp1252") and _is_valid(data, declared):
        return str(declared)
    if valid_utf8:
        return "utf-8"
    best = max(_CANDIDATES, key=lambda encoding: plausibility(data, encoding))
    if _mostly_utf8(data, _UTF8_LONG):
        return "utf-8"
    if _mostly_utf8(data) and not (_is_valid(data, best) and plausibility(data, best) > _PLAIN):
        return "utf-8"
    return "cp1252" if best == "cp1251" and _mostly_lone(data) else best


def declared_encoding(data: bytes) -> str | None:
    """Return the codec that the CA property names, or None."""
    tokens = _DECLARED_OUTSIDE.finditer(data, 0, _DECLARED_WITHIN)
    match = next((token for token in tokens if token[1]), None)
    # Bytes of other encodings look like brackets: then CA may seem to be inside of a value.
    match = match or _DECLARED.search(data, 0, _DECLARED_WITHIN)
    if match is None:
        return None
    try:
        name = codecs.lookup(match[1].decode("ascii")).name
    except (LookupError, ValueError):
        return None
    return _WIDER.get(name, name) if name.startswith(_TEXT_CODECS) else None


def plausibility(data: bytes, encoding: str) -> float:
    """Return how much data looks like text in encoding: about 1 for plain text, below 0 for none.

    Every character counts by the bytes it takes, so that encodings of different width compare.
    """
    sample = _other_than_ascii(data)
    total = weight = 0.0
    typical = _TYPICAL.get(encoding, set())
    weigh = _WEIGHTS[encoding]
    for char in sample.decode(encoding, "replace"):
        if char < "\x80":
            continue
        raw = char.encode(encoding, "ignore") if char != "\ufffd" else b""
        total += max(len(raw), 1)
        weight += len(raw) * weigh(raw) + (len(raw) if char in typical else 0) if raw else -2
    return weight / total if total else 0.0


def _other_than_ascii(data: bytes) -> bytes:
    """Return the stretches of data around bytes above 127, as much as is worth looking at."""
    runs = re.findall(rb"[\x80-\xff][^\n]{0,40}", data)
    return b"\n".join(runs)[:_SAMPLE]


def _recode(data: bytes, encoding: str) -> Decoded:
    """Return data in UTF-8; what cannot be decoded becomes a replacement character."""
    return Decoded(data.decode(encoding, "replace").encode("utf-8", "replace"), encoding)


def _is_valid(data: bytes, encoding: str | None) -> bool:
    try:
        data.decode(encoding or "ascii")
    except ValueError:
        return False
    return True


def _mostly_utf8(data: bytes, sequence: re.Pattern[bytes] = _UTF8_SEQUENCE) -> bool:
    """Say whether data is UTF-8 with some bytes lost, as in records that passed through ASCII.

    Characters of two bytes look like GBK, longer ones hardly ever like anything else.
    """
    high = sum(len(run) for run in re.findall(rb"[\x80-\xff]+", data))
    good = sum(len(run) for run in sequence.findall(data))
    return good * 2 > high


def _mostly_lone(data: bytes) -> bool:
    """Say whether most bytes above 127 stand alone, as accented letters between plain ones do."""
    runs = re.findall(rb"[\x80-\xff]+", data)
    return sum(len(run) == 1 for run in runs) * 2 > len(runs)


def _double_byte(common: tuple[int, int], rare: tuple[int, int]) -> Callable[[bytes], float]:
    """Return a weight for two-byte characters by the rows of a table of the EUC kind."""

    def weigh(raw: bytes) -> float:
        if len(raw) != 2 or raw[1] < 0xA1:
            return -0.5
        if common[0] <= raw[0] <= common[1]:
            return 0.8
        return 0.3 if rare[0] <= raw[0] <= rare[1] else -0.2

    return weigh


def _weigh_euc_jp(raw: bytes) -> float:
    if len(raw) == 2 and raw[0] in (0xA4, 0xA5):
        return 1.3
    return _double_byte((0xB0, 0xCF), (0xD0, 0xF4))(raw)


def _weigh_shift_jis(raw: bytes) -> float:
    """Weigh kana above kanji; kana of half width are rare."""
    if len(raw) == 1:
        return -0.3
    if raw[0] in (0x82, 0x83):
        return 1.3
    if 0x88 <= raw[0] <= 0x97:
        return 0.8
    return 0.3 if 0x98 <= raw[0] <= 0x9F or 0xE0 <= raw[0] <= 0xEA else -0.2


def _weigh_big5(raw: bytes) -> float:
    if len(raw) != 2:
        return -0.5
    if 0xA4 <= raw[0] <= 0xC6:
        return 0.7
    return 0.2 if 0xC9 <= raw[0] <= 0xF9 else -0.2


def _weigh_cyrillic(raw: bytes) -> float:
    return 0.5 if raw[0] >= 0xC0 or raw[0] in (0xA8, 0xB8) else -0.5


def _weigh_latin(raw: bytes) -> float:
    """Weigh the letters of western Europe: better than nothing."""
    return 0.1 if raw[0] >= 0xC0 else -0.1


_WEIGHTS: dict[str, Callable[[bytes], float]] = {
    "gb18030": _double_byte((0xB0, 0xD7), (0xD8, 0xF7)),
    "cp949": _double_byte((0xB0, 0xC8), (0xCA, 0xFD)),
    "big5": _weigh_big5,
    "euc_jp": _weigh_euc_jp,
    "cp932": _weigh_shift_jis,
    "cp1251": _weigh_cyrillic,
    "cp1252": _weigh_latin,
}
