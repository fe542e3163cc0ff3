"""What a game record says about itself, read with patience.

Nothing here refuses a game: what cannot be understood is left unknown.
"""

import math
import re
import unicodedata

from sgfmill import sgf_grammar

DEFAULT_SIZE = 19
_SIZE = re.compile(r"\s*(\d{1,3})\s*(?:[:xX*]\s*(\d{1,3})\s*)?")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)")
_COUNT = re.compile(r"\+?(\d{1,3})(?!\d)")
_LARGEST_KOMI = 100
_HANDICAP_WORDS = {
    word: number
    for number, words in {
        2: "two 二 두",
        3: "three 三 세",
        4: "four 四 네",
        5: "five 五",
        6: "six 六",
        7: "seven 七",
        8: "eight 八",
        9: "nine 九",
    }.items()
    for word in words.split()
}
_LONGEST_TEXT = 200
_LONGEST_RAW = 10 * _LONGEST_TEXT


def simple_text(raw: bytes, encoding: str = "utf-8") -> str:
    """Return a raw property value as the text it stands for: one line, printable, not endless."""
    raw = raw[:_LONGEST_RAW]
    if b"\\" in raw:
        raw = sgf_grammar.simpletext_value(raw)
    text = " ".join(raw.decode(encoding, "replace").split())
    if not text.isprintable():
        text = " ".join("".join(filter(str.isprintable, text)).split())
    return text[:_LONGEST_TEXT].rstrip()


def read_size(text: str) -> tuple[int, int]:
    """Return the columns and rows of SZ; what cannot be read is an ordinary board.

    >>> read_size("19"), read_size("19:19"), read_size("13:9"), read_size("big")
    ((19, 19), (19, 19), (13, 9), (19, 19))
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        return DEFAULT_SIZE, DEFAULT_SIZE
    return int(match[1]), int(match[2] or match[1])


def read_komi(text: str) -> float | None:
    """Return KM in points, or None.

    Numbers above 100 are hundredths (``650`` is 6.5).  Quarters only occur in Chinese counting,
    where komi is written as the stones that change hands: ``3.75``, and Fox's ``375``, are 7.5
    points.

    >>> read_komi("6.5 points"), read_komi("6,5"), read_komi("375"), read_komi(""), read_komi("x")
    (6.5, 6.5, 7.5, None, None)
    """
    match = _NUMBER.search(unicodedata.normalize("NFKC", text))
    if match is None:
        return None
    komi = float(match[0].replace(",", "."))
    if abs(komi) >= _LARGEST_KOMI:
        komi /= 100
    if abs(komi) >= _LARGEST_KOMI or not math.isfinite(komi):
        return None
    return komi * 2 if (komi * 4) % 2 == 1 else komi


def read_handicap(text: str) -> int:
    """Return HA as a number of stones; 0 where it cannot be read, and for one, which is no stone.

    >>> read_handicap("4"), read_handicap("four"), read_handicap("many"), read_handicap("1")
    (4, 4, 0, 0)
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    match = _COUNT.match(plain)
    number = int(match[1]) if match else _HANDICAP_WORDS.get(plain, 0)
    return number if number > 1 else 0
